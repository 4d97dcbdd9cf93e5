import type { Row } from './csv.ts';

const rowRealMs = 20;
const maxGapRealMs = 20_000;
/** The longest interval that the agent's settings allow. */
const maxIntervalS = 3600;

/** How fast a record is played, and what that means for whoever waits. */
export type Pace = {
  readonly speed: number;
  /** The reporting interval: the median step, in seconds. */
  readonly intervalS: number;
  /** Real ms that the longest gap lasts. */
  readonly longestGapRealMs: number;
  /** Real ms from the first row to the last, if the agent keeps up. */
  readonly totalRealMs: number;
};

/**
 * The speed at which a usual row takes 20 ms. Clocks run evenly, so a gap cannot be leapt over: a record
 * with very long ones is played as fast as it takes to wait 20 s at most for any (rows then come as
 * fast as the agent stores them). A speed asked for is taken as it is.
 */
export function paceOf(rows: readonly Row[], askedSpeed?: number): Pace {
  const steps = rows.slice(1).map((row, i) => row.atMs - (rows[i] as Row).atMs);
  const medianMs = [...steps].sort((a, b) => a - b)[steps.length >> 1] ?? 60_000;
  const longestMs = steps.reduce((longest, step) => Math.max(longest, step), 0);
  const speed = askedSpeed ?? Math.max(medianMs / rowRealMs, longestMs / maxGapRealMs);
  return {
    speed,
    intervalS: Math.min(maxIntervalS, Math.max(1, Math.round(medianMs / 1000))),
    longestGapRealMs: longestMs / speed,
    totalRealMs: ((rows.at(-1)?.atMs ?? 0) - (rows[0]?.atMs ?? 0)) / speed,
  };
}
