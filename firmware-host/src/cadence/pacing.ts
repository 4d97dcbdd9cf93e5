/** The cadence at work: fed by readings, battery and link, it sets the gauges' sampling and says what may wait. */
import type { Calibration, Command } from '@siaga/protocol';
import type { Logger } from 'pino';
import type { StoredReading } from '../outbox/outbox.ts';
import { type Cadence, type CadenceInput, cadenceAfter, cadenceOf, calmCadence } from './cadence.ts';
import type { CadenceConfig } from './config.ts';
import type { OrderBook } from './order.ts';
import type { Look } from './water.ts';

type Sampling = { readonly intervalS: number; readonly pings: number; readonly trigger: 'interval' | 'burst' };

/** The gauges are to be opened with `now().sampleS`; from then on `setSampling` tells each change. */
export type Pacing = {
  /** The intervals in force. */
  now(): Cadence;
  /** Whether something is happening at the river. */
  eventful(): boolean;
  /** A reading has become durable; tells whether it may wait for the next report. */
  stored(kept: StoredReading, urgent: boolean): { readonly hold: boolean };
  wire(bytes: number): void;
  battery(mv: number | null): void;
  /** A neighbour is rising; a text is the reason why that is refused. */
  order(command: Extract<Command, { act: 'cadence' }>): Promise<string | null>;
  /** Time has passed; to be called every few seconds. */
  tick(): void;
};

export function createPacing(options: {
  readonly config: CadenceConfig | null;
  readonly sampling: Sampling;
  /** The gauge that decides. */
  readonly gauge: string;
  readonly calibrations: () => readonly Calibration[];
  readonly orders: OrderBook;
  /** A clock that never jumps, ms. */
  readonly nowMs: () => number;
  readonly setSampling: (sampling: Sampling) => void;
  readonly release: () => void;
  readonly onChange: () => void;
  readonly log: Logger;
}): Pacing {
  const { config, sampling, gauge, orders, nowMs, log } = options;
  let state = calmCadence;
  let wireBytes = 0;
  let inForce = decide();
  let reportedMs = Number.NEGATIVE_INFINITY;
  let holds = false;
  /** What each gauge's newest reading was suspected of. */
  const doubts = new Map<string, string>();

  /** A doubt must not wait; one that lasts for days (a stuck sensor) must not cost the link a message each. */
  function isNewDoubt({ gauge: of, reading: { flag, test } }: StoredReading): boolean {
    const before = doubts.get(of);
    if (flag === 3) doubts.set(of, test);
    else doubts.delete(of);
    return flag === 3 && test !== before;
  }
  function decide(): Cadence {
    const order = orders.inForce();
    if (config) return withinTrigger(cadenceOf(state, config, order));
    const intervalS = Math.min(sampling.intervalS, Math.max(order?.intervalS ?? sampling.intervalS, fastestS));
    return {
      sampleS: intervalS,
      reportS: intervalS,
      reason: intervalS < sampling.intervalS ? 'command' : 'configured',
    };
  }
  /** A sensor that is woken by others is read when it speaks. */
  function withinTrigger(cadence: Cadence): Cadence {
    if (sampling.trigger === 'interval') return cadence;
    return { ...cadence, sampleS: sampling.intervalS, reportS: Math.max(cadence.reportS, sampling.intervalS) };
  }
  function sample(): void {
    options.setSampling({ ...sampling, intervalS: inForce.sampleS });
  }
  const release = (): void => {
    reportedMs = nowMs();
    holds = false;
    options.release();
  };
  const take = (input: Omit<CadenceInput, 'nowMs'>): void => {
    if (config) state = cadenceAfter(state, { nowMs: nowMs(), wireBytes, ...input }, config);
    wireBytes = 0;
    const before = inForce;
    const next = decide();
    if (next.sampleS === before.sampleS && next.reportS === before.reportS && next.reason === before.reason) return;
    inForce = next;
    log.info({ ...next }, 'cadence');
    if (next.sampleS !== before.sampleS) sample();
    if (holds && next.reportS < before.reportS) release();
    options.onChange();
  };

  return {
    now: () => inForce,
    eventful: () => state.tier !== 'calm' || inForce.reason === 'command',
    stored(kept, urgent) {
      const before = inForce.reportS;
      if (kept.gauge === gauge && !kept.maintenance) take({ look: lookOf(kept, nowMs(), options.calibrations()) });
      const slackMs = inForce.sampleS * 500;
      const due = nowMs() - reportedMs >= inForce.reportS * 1_000 - slackMs;
      const doubted = isNewDoubt(kept);
      const batched = config !== null && inForce.reportS > inForce.sampleS;
      const hold = batched && !(urgent || due || doubted || inForce.reportS < before);
      if (hold) holds = true;
      else {
        reportedMs = nowMs();
        holds = false;
      }
      return { hold };
    },
    wire(bytes) {
      wireBytes += bytes;
    },
    battery: (batteryMv) => take({ batteryMv }),
    async order({ intervalS, forS }) {
      if (!config && sampling.trigger === 'burst')
        return 'this sensor is woken by others: without a section cadence nothing can be made faster';
      await orders.take(intervalS, forS * 1_000);
      take({});
      return null;
    },
    tick() {
      take({});
      if (holds && nowMs() - reportedMs >= inForce.reportS * 1_000) release();
    },
  };
}

/** Without a section of its own an order makes nothing faster than this. */
const fastestS = 10;

/** What a reading tells of the level, by the calibration that was valid then; `atMs`: a clock that never jumps. */
export function lookOf({ reading, gauge }: StoredReading, atMs: number, calibrations: readonly Calibration[]): Look {
  const calibration = calibrations
    .filter(({ gauge: of, validFrom }) => of === gauge && Date.parse(validFrom) <= reading.observedAtMs)
    .toSorted((a, b) => Date.parse(a.validFrom) - Date.parse(b.validFrom))
    .at(-1);
  const stageMm =
    calibration && reading.distanceMm !== null
      ? calibration.sensorElevationMm - (reading.distanceMm + calibration.faceOffsetMm)
      : null;
  return { atMs, stageMm, reading };
}
