import { setTimeout as pause } from 'node:timers/promises';
import type { VirtualGauge } from '@siaga/simulator';

/** A gauge that writes burst after burst until it is stopped. */
export type Play = {
  /** Bursts written so far. */
  count(): number;
  stop(): Promise<void>;
};

/** Writes `distanceOf(0)`, `distanceOf(1)`, … as bursts of 7 pings, `everyMs()` real ms apart. */
export function playBursts(gauge: VirtualGauge, distanceOf: (i: number) => number, everyMs: () => number): Play {
  let count = 0;
  let stopping = false;
  async function play(): Promise<void> {
    while (!stopping) {
      await gauge.burst(distanceOf(count));
      count += 1;
      await pause(everyMs());
    }
  }
  const playing = play();
  return {
    count: () => count,
    async stop() {
      stopping = true;
      await playing;
    },
  };
}

/** How many bursts `distinctMm` tells apart. */
export const distinctBursts = 9_300;

/** A distance of its own for each burst, far from its neighbours', within the span of a 10 m sensor. */
export function distinctMm(i: number): number {
  return 600 + ((i * 3_701) % distinctBursts);
}
