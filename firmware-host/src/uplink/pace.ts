/**
 * How fast the backlog goes. A few large messages a second empty a month in seconds; and they shrink where a
 * message takes long, so that a live reading never waits behind much.
 */
import { maxReadingsPerMessage } from '@siaga/protocol';

export type Pace = {
  /** Real ms until the next message of the backlog may go; 0 for now. */
  waitMs(nowMs: number): number;
  /** Most readings in it. */
  size(): number;
  /** Any message left: the broker's patience is one for all lanes. But live ones must not starve the others. */
  sent(nowMs: number, live: boolean): void;
  /** A message of the backlog with `count` readings was acknowledged after `tookMs`. */
  acknowledged(count: number, tookMs: number): void;
};

/** Eight a second, so that live readings, health and this together stay below ten. */
const defaultSpacingMs = 125;
const firstSize = 250;
const leastSize = 60;
const quickMs = 500;
const slowMs = 1_500;
/** Between live messages however dense, one of the backlog goes after so many spacings. */
const starvedAfter = 2;

export function createPace(spacingMs = defaultSpacingMs): Pace {
  let size = firstSize;
  let lastMs = Number.NEGATIVE_INFINITY;
  let lastBacklogMs = Number.NEGATIVE_INFINITY;
  return {
    waitMs: (nowMs) => Math.max(0, Math.min(lastMs + spacingMs, lastBacklogMs + starvedAfter * spacingMs) - nowMs),
    size: () => size,
    sent(nowMs, live) {
      lastMs = nowMs;
      if (!live) lastBacklogMs = nowMs;
    },
    acknowledged(count, tookMs) {
      if (tookMs > slowMs) size = Math.max(leastSize, Math.min(size, count) >> 1);
      else if (tookMs < quickMs && count >= size) size = Math.min(maxReadingsPerMessage, size * 2);
    },
  };
}
