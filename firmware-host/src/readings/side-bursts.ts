/** Measurements on demand, beside the readings. Pure but for the promises. */
import type { Sample } from '../sensors/driver.ts';
import { type Burst, type LineActivity, type Moment, takeBurst } from './burst.ts';

type Side = { readonly taker: ReturnType<typeof takeBurst>; readonly untilRealMs: number; done(burst: Burst): void };

const leastTimeMs = 10_000;
const pingTimeMs = 1_000;

export function createSideBursts() {
  let open: Side[] = [];
  const end = (ended: readonly Side[]): void => {
    open = open.filter((side) => !ended.includes(side));
    for (const { taker, done } of ended) done(taker.close());
  };
  return {
    take(pings: number, at: Moment): Promise<Burst> {
      const untilRealMs = at.realMs + Math.max(leastTimeMs, pings * pingTimeMs);
      return new Promise((done) => open.push({ taker: takeBurst(pings, at), untilRealMs, done }));
    },
    heard(activity: LineActivity): void {
      for (const { taker } of open) taker.heard(activity);
    },
    sample(sample: Sample, at: Moment): void {
      end(open.filter(({ taker }) => taker.sample(sample, at)));
    },
    /** Ends those whose time is over. To be called once a second or so. */
    tick({ realMs }: Moment): void {
      end(open.filter(({ untilRealMs }) => realMs >= untilRealMs));
    },
    /** Ends all with what they have. */
    close: (): void => end(open),
  };
}
