import type { LineProblem } from '@siaga/protocol';
import type { LinkState } from '../serial/link.ts';
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
  return {
    problem: () => problem,
    link(link: LinkState, told: LineProblem | null, nowRealMs: number): void {
      const openedRealMs = link === 'open' && signs.link === 'closed' ? nowRealMs : signs.openedRealMs;
      signs = { ...signs, link, told, openedRealMs };
    },
    heard(bytes: number, frames: number, nowRealMs: number): void {
      if (bytes > 0) signs = { ...signs, byteRealMs: nowRealMs };
      if (frames > 0) signs = { ...signs, frameRealMs: nowRealMs };
    },
    dead(dead: boolean): void {
      if (dead !== signs.dead) signs = { ...signs, dead };
    },
    look(nowRealMs: number, silentMs: number): void {
      const found = problemOf(signs, nowRealMs, silentMs);
      if (found === problem) return;
      problem = found;
      onProblem(found);
    },
  };
}
