/** What ails a gauge's line, as far as its bytes and echoes tell; the link knows the rest. Pure. */
import type { LineProblem } from '@siaga/protocol';
import type { LinkState } from '../serial/link.ts';

/** What was heard last, in real monotonic ms; null for never. */
export type LineSigns = {
  readonly link: LinkState;
  /** What the link itself says. */
  readonly told: LineProblem | null;
  readonly openedRealMs: number;
  readonly byteRealMs: number | null;
  readonly frameRealMs: number | null;
  /** Whether the newest burst said that the sensor is dead. */
  readonly dead: boolean;
};

/** Without a frame for longer than this, a line that should speak has a problem. */
export function problemOf(signs: LineSigns, nowRealMs: number, silentMs: number): LineProblem | null {
  if (signs.told !== null) return signs.told;
  // A closed line without a reason is being opened; if that fails, the link says why.
  if (signs.link === 'closed') return null;
  const sinceMs = (realMs: number | null) => nowRealMs - Math.max(signs.openedRealMs, realMs ?? 0);
  if (sinceMs(signs.byteRealMs) >= silentMs) return 'silent';
  if (sinceMs(signs.frameRealMs) >= silentMs) return 'garbled';
  return signs.dead ? 'sensor-dead' : null;
}
