/**
 * The edge's tests of a reading (QARTOD water level manual v2.1), folded one reading after another. Pure. The edge
 * flags, it never deletes; the final word is the cloud's.
 */
import type { Heard } from '../filter.ts';
import { type Finding, worst } from './finding.ts';
import { type FlatState, flatLine, flatStep } from './flat-line.ts';
import { gap } from './gap.ts';
import { grossRange } from './gross-range.ts';
import { rateOfChange } from './rate-of-change.ts';
import type { QcRules } from './rules.ts';
import { type Move, type SpikeState, spike, spikeStep } from './spike.ts';
import { syntax } from './syntax.ts';

/** All that the tests remember of a gauge; plain JSON. */
export type QcState = SpikeState & { readonly flat: FlatState | null };

/** A gauge of which nothing was read yet. */
export const qcUnknown: QcState = { trusted: null, doubted: null, flat: null };

/** `distanceMm` as it is published: corrected, and the blanking distance under blanking; null where nothing was measured. */
export type Observed = { readonly atMs: number; readonly heard: Heard; readonly distanceMm: number | null };

export type QcVerdict = Finding & { readonly move: Move; readonly state: QcState };

export function foldQc(state: QcState, { atMs, heard, distanceMm }: Observed, rules: QcRules): QcVerdict {
  const simple = [gap(heard), syntax(heard), grossRange(heard, distanceMm, rules.userSpan)];
  const located = distanceMm !== null && (heard.kind === 'seen' || heard.kind === 'blanking');
  if (!located) return { ...worst(simple), move: 'follows', state };
  const { state: spikeState, move } = spikeStep(state, { atMs, distanceMm }, rules);
  // Water above what the sensor can see may stand there for days.
  const flat =
    heard.kind === 'seen'
      ? flatStep(state.flat, { atMs, rawMm: heard.distanceMm, spreadMm: heard.spreadMm }, rules)
      : null;
  const found = worst([
    ...simple,
    spike(move),
    rateOfChange(move === 'borne-out'),
    flat ? flatLine(flat, rules) : null,
  ]);
  return { ...found, move, state: { ...spikeState, flat } };
}
