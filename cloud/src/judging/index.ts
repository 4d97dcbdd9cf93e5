/**
 * The judge: `createJudge({ store, catalogue, clock, onJudged? })`. Call `start()` once, then `run()` whenever a commit
 * marked a station (coalesced: one running and one waiting are enough), and `sweep()` by the clock, e.g. each second
 * of real time. Each returns the changes and values that it made known, and gives them to `onJudged` as they are
 * committed. `known()` is the present picture.
 */
export { createJudge, type Judge } from './judge.ts';
