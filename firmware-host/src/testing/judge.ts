/** The edge's tests over a record, without a line: burst by burst, as a gauge would flag them. */
import type { Flag, QcTest } from '@siaga/protocol';
import { buildReading } from '../readings/build.ts';
import { type QcState, qcUnknown } from '../readings/qc/fold.ts';
import { qcRulesOf } from '../readings/qc/rules.ts';
import { noTemperature } from '../readings/sound.ts';
import { createDriver, type GaugeConfig } from '../sensors/index.ts';

/** One burst's pings, in mm. */
export type RecordedBurst = { readonly atMs: number; readonly pingsMm: readonly number[] };

/** `again`: the gauge would take a second burst at once. */
export type JudgedBurst = { readonly flag: Flag; readonly test: QcTest; readonly again: boolean };

/** Judges bursts in order; each judge has a memory of its own. */
export function createJudge(config: GaugeConfig): (burst: RecordedBurst) => JudgedBurst {
  const driver = createDriver(config);
  const rules = qcRulesOf(config, driver);
  const stamp = { gauge: config.gauge, boot: 'record', intervalS: 60, maintenance: false, clock: 'synced' } as const;
  let state: QcState = qcUnknown;
  return ({ atMs, pingsMm }) => {
    const samples = pingsMm.map((distanceMm) => ({ echo: 'seen', distanceMm }) as const);
    const built = buildReading(
      { observedAtMs: atMs, monoMs: 0, samples, bytes: 6 * samples.length, badFrames: 0, discardedBytes: 0 },
      { driver, pings: samples.length, rules },
      { state, air: noTemperature },
      stamp,
    );
    state = built.state;
    const { flag, test } = built.draft.reading;
    return { flag, test, again: built.news.move === 'departs' };
  };
}
