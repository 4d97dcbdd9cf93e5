/**
 * The judge of the present: `createJudge({ store, catalogue, clock, onJudged? })`. Call `start()` once, then `run()` whenever
 * a commit marked a station (coalesced: one running and one waiting are enough), and `sweep()` by the clock, e.g. each
 * second of real time. Each returns the changes and values that it made known, and gives them to `onJudged` as they are
 * committed. `known()` is the present picture.
 *
 * The judge of the past: `createHistory({ store, catalogue, clock })`. Call `start()` once, then `turn()` after commits until
 * it says null, with rests between. `episodes()` is what is known of late, `between()` of any span.
 */
export { createHistory, type History } from './history.ts';
export { createJudge, type Judge } from './judge.ts';
export { newestUncertain } from './uncertain.ts';
