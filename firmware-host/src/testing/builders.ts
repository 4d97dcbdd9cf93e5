/** A plausible stamped reading; a test names only what matters to it. */
import type { Reading } from '@siaga/protocol';
import type { Draft } from '../outbox/outbox.ts';

export function aDraft(over: Partial<Omit<Draft, 'reading'>> & { reading?: Partial<Reading> } = {}): Draft {
  const { reading, ...head } = over;
  return {
    gauge: 'main',
    boot: '0dd11acb-71ee-4618-b6db-bcd764efe39f',
    intervalS: 60,
    maintenance: false,
    monoMs: 3_600_000,
    ...head,
    reading: {
      observedAtMs: Date.UTC(2014, 0, 30),
      distanceMm: 2345,
      echo: 'seen',
      spreadMm: 2,
      validPercent: 100,
      temperatureDeciC: null,
      flag: 1,
      test: 'none',
      clock: 'synced',
      ...reading,
    },
  };
}

/** Polls until `condition` holds; rejects with `what` after `ms` real milliseconds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const deadlineMs = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
