/** Makes a stamped, flagged reading of a burst: everything but its place in the stream, which the outbox gives. Pure. */
import type { ClockState, Reading } from '@siaga/protocol';
import type { Draft } from '../outbox/outbox.ts';
import type { SensorDriver } from '../sensors/driver.ts';
import type { Burst } from './burst.ts';
import type { TemperatureSettings } from './config.ts';
import { filterBurst, type Heard } from './filter.ts';
import { foldQc, type QcState, qcUnknown } from './qc/fold.ts';
import type { QcRules } from './qc/rules.ts';
import type { Move } from './qc/spike.ts';
import { type AirTemperature, soundFactor } from './sound.ts';

/** What all readings of a gauge in one run of the agent share. */
export type Stamp = {
  readonly gauge: string;
  readonly boot: string;
  readonly intervalS: number;
  readonly maintenance: boolean;
  readonly clock: ClockState;
};

/** What of a gauge decides over its readings. */
export type GaugeTraits = {
  readonly driver: Pick<SensorDriver, 'minMm' | 'maxMm' | 'blankingMm' | 'medium' | 'proof' | 'resolutionMm'>;
  readonly pings: number;
  readonly rules: QcRules;
  readonly temperature?: TemperatureSettings | undefined;
};

/** What a reading says beyond itself. */
export type News = {
  readonly move: Move;
  /** Water that came near faster than it does here, or nearer than the sensor can see: not to wait for a batch. */
  readonly urgent: boolean;
  /** Whether the sensor gave no sign of life. */
  readonly dead: boolean;
};

export type Built = { readonly draft: Draft; readonly news: News; readonly state: QcState };

/** A burst as a value: what was heard, corrected. `correctionMm` is 0 where nothing was. */
type Measured = { readonly distanceMm: number | null; readonly echo: Reading['echo']; readonly correctionMm: number };

/**
 * `state` is what the tests remember of the readings before. Readings under maintenance are held against their
 * sensor and place only, and leave no memory: a plate under the sensor is no water.
 *
 * `distanceMm` is corrected for the air's temperature where the settings allow it (see `soundFactor`); then
 * `correctionMm` says by how much, and the sensor's own distance is distanceMm − correctionMm.
 */
export function buildReading(
  burst: Burst,
  { driver, pings, rules, temperature }: GaugeTraits,
  { state, air }: { state: QcState; air: AirTemperature },
  { clock, ...shared }: Stamp,
): Built {
  const { heard, validPercent } = filterBurst(burst, driver, pings);
  const { distanceMm, echo, correctionMm } = measured(heard, driver, soundFactor(driver.medium, air, temperature));
  const before = shared.maintenance ? qcUnknown : state;
  const verdict = foldQc(before, { atMs: burst.observedAtMs, heard, distanceMm }, rules);
  const nearer = distanceMm !== null && before.trusted !== null && distanceMm < before.trusted.distanceMm;
  return {
    draft: {
      ...shared,
      monoMs: burst.monoMs,
      reading: {
        observedAtMs: burst.observedAtMs,
        distanceMm,
        echo,
        spreadMm: 'spreadMm' in heard ? heard.spreadMm : null,
        validPercent,
        temperatureDeciC: air.airDeciC,
        ...(correctionMm === 0 ? {} : { correctionMm }),
        flag: verdict.flag,
        test: verdict.test,
        clock,
      },
    },
    news: {
      move: verdict.move,
      urgent: echo === 'blanking' || (verdict.move !== 'follows' && nearer),
      dead: heard.kind === 'dead',
    },
    state: shared.maintenance ? state : verdict.state,
  };
}

function measured(heard: Heard, { blankingMm }: Pick<SensorDriver, 'blankingMm'>, factor: number): Measured {
  switch (heard.kind) {
    case 'seen':
    case 'impossible': {
      const distanceMm = Math.round(heard.distanceMm * factor);
      return { distanceMm, echo: 'seen', correctionMm: distanceMm - heard.distanceMm };
    }
    case 'blanking':
      return { distanceMm: blankingMm, echo: 'blanking', correctionMm: 0 };
    case 'dead':
    case 'silent':
      return { distanceMm: null, echo: 'dead', correctionMm: 0 };
    case 'none':
    case 'garbled':
      return { distanceMm: null, echo: 'none', correctionMm: 0 };
  }
}
