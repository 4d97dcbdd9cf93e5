import type { LineProblem } from '@siaga/protocol';
import type { LinkState } from '../serial/link.ts';
import { createRecentBytes, isPatterned } from '../serial/speed.ts';
import { type LineSigns, problemOf } from './problem.ts';

/** Keeps the signs of a gauge's line and tells when what ails it comes, changes or goes. Times in real monotonic ms. */
export function createLineWatch(onProblem: (problem: LineProblem | null) => void) {
  let signs: LineSigns = {
    link: 'closed',
    told: null,
    openedRealMs: 0,
    byteRealMs: null,
    frameRealMs: null,
    dead: false,
  };
  let problem: LineProblem | null = null;
  const recent = createRecentBytes();
  return {
    problem: () => problem,
    link(link: LinkState, told: LineProblem | null, nowRealMs: number): void {
      const openedRealMs = link === 'open' && signs.link === 'closed' ? nowRealMs : signs.openedRealMs;
      signs = { ...signs, link, told, openedRealMs };
    },
    /** Bytes as they come from the line: where they make no frames, their pattern tells why. */
    raw: recent.push,
    heard(bytes: number, frames: number, nowRealMs: number): void {
      if (bytes > 0) signs = { ...signs, byteRealMs: nowRealMs };
      if (frames > 0) signs = { ...signs, frameRealMs: nowRealMs };
    },
    dead(dead: boolean): void {
      if (dead !== signs.dead) signs = { ...signs, dead };
    },
    look(nowRealMs: number, silentMs: number): void {
      const judged = problemOf(signs, nowRealMs, silentMs);
      const found = judged === 'garbled' && isPatterned(recent.all()) ? 'wrong-baud' : judged;
      if (found === problem) return;
      problem = found;
      onProblem(found);
    },
  };
}
