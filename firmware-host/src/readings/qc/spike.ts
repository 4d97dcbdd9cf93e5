import type { Finding } from './finding.ts';
import { type Point, type RateRules, tooFast } from './rate-of-change.ts';

/** What the newest readings know of where the water is. */
export type SpikeState = {
  /** The newest reading that was no departure, or was borne out. */
  readonly trusted: Point | null;
  /** The newest departure that nothing has borne out or contradicted yet. */
  readonly doubted: Point | null;
};

/**
 * `follows` the water, or `departs` from it: a wild reading or the first of a fast move, which only the next one can
 * tell. `borne-out`: the next one was there too.
 */
export type Move = 'follows' | 'departs' | 'borne-out';

/**
 * Spike, provisional (QARTOD test 6 judges the reading before the newest, for it wants the next one; an alarm cannot
 * wait for it). So the newest reading is suspect when it departs from the trusted one, and the next one says
 * what it was: back at the trusted one, it was a spike; beside the doubted one, the water is there.
 */
export function spikeStep(state: SpikeState, newest: Point, rules: RateRules): { state: SpikeState; move: Move } {
  const { trusted, doubted } = state;
  const settled = { trusted: newest, doubted: null };
  if (!trusted || !tooFast(trusted, newest, rules)) return { state: settled, move: 'follows' };
  if (doubted && !tooFast(doubted, newest, rules)) return { state: settled, move: 'borne-out' };
  return { state: { trusted, doubted: newest }, move: 'departs' };
}

export function spike(move: Move): Finding | null {
  return move === 'departs' ? { flag: 3, test: 'spike' } : null;
}
