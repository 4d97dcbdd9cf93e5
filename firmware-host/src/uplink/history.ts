/**
 * Another history is proven (receipts.ts): the cloud has other readings under some of our numbers. Before what is
 * not truly settled moves to a new stream, it must be known which readings the cloud refused, so that none is
 * stored twice: a refused message is sent again in halves, down to single readings. Pure.
 */
import { countSeqs, type Receipt, type SeqRanges } from '@siaga/protocol';
import { clip, unite } from '../outbox/ledger.ts';

export type OtherHistory = {
  /** The newest receipt. */
  readonly receipt: Receipt;
  /** Single readings that the cloud refused. */
  readonly conflicts: SeqRanges;
  /** Parts of refused messages, still to be sent. */
  readonly probes: readonly SeqRanges[];
  /** When we last sent or learnt something, real ms. */
  readonly atMs: number;
};

/** `refused`: the numbers of each message that the receipt refuses. `whole`: there is no time for halves. */
export function learnt(
  known: OtherHistory | null,
  receipt: Receipt,
  refused: readonly SeqRanges[],
  { nowMs, whole }: { readonly nowMs: number; readonly whole: boolean },
): OtherHistory {
  const isClear = (seqs: SeqRanges) => whole || countSeqs(seqs) === 1;
  const conflicts = refused.filter(isClear).reduce(unite, known?.conflicts ?? []);
  const probes = refused.filter((seqs) => !isClear(seqs)).flatMap(halves);
  return {
    receipt,
    conflicts,
    probes: [...(known?.probes ?? []), ...probes],
    atMs: known && refused.length === 0 ? known.atMs : nowMs,
  };
}

function halves(seqs: SeqRanges): SeqRanges[] {
  const half = Math.ceil(countSeqs(seqs) / 2);
  let before = 0;
  for (const [from, to] of seqs) {
    const last = from + (half - before) - 1;
    if (last <= to) return [clip(seqs, 1, last), clip(seqs, last + 1, Number.MAX_SAFE_INTEGER)];
    before += to - from + 1;
  }
  return [seqs];
}
