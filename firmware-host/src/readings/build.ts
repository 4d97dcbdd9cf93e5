/** Stamps a burst: everything of a reading but its place in the stream, which the outbox gives. Pure. */
import type { ClockState } from '@siaga/protocol';
import type { Draft } from '../outbox/outbox.ts';
import type { SensorDriver } from '../sensors/driver.ts';
import type { Burst } from './burst.ts';
import { filterBurst } from './filter.ts';
import { judge, type Span } from './quality.ts';

/** What all readings of a gauge in one run of the agent share. */
export type Stamp = {
  readonly gauge: string;
  readonly boot: string;
  readonly intervalS: number;
  readonly maintenance: boolean;
  readonly clock: ClockState;
};

export function buildReading(
  burst: Burst,
  gauge: { driver: Pick<SensorDriver, 'minMm' | 'maxMm' | 'blankingMm'>; pings: number; userSpan?: Span | undefined },
  { clock, ...shared }: Stamp,
): Draft {
  const { heard, validPercent } = filterBurst(burst, gauge.driver, gauge.pings);
  return {
    ...shared,
    monoMs: burst.monoMs,
    reading: {
      observedAtMs: burst.observedAtMs,
      ...judge(heard, gauge.driver.blankingMm, gauge.userSpan),
      validPercent,
      temperatureDeciC: null,
      clock,
    },
  };
}
