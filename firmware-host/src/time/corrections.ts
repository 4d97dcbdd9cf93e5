/**
 * Uncertain times on their way out (uplink/corrections.ts says what for).
 *
 * What was sent as it was stamped is written down by number before it is sent. Only those numbers go out again
 * under revision 1; everything else of the boot goes out corrected at once, under revision 0.
 */
import { addRanges, hasSeq, type Reading, type SeqRanges, type StreamId } from '@siaga/protocol';
import { intersect, rangesOf, subtract } from '../outbox/ledger.ts';
import type { StoredReading } from '../outbox/outbox.ts';
import type { Corrections } from '../uplink/corrections.ts';
import { type Boot, type Exposed, utcAt } from './boots.ts';

export type CorrectionBook = {
  all(): readonly Boot[];
  /** The present stream. */
  stream(): StreamId;
  /** The platform's store, by its last receipt; null before the first. */
  store(): string | null;
  /** Changes a boot; `durably` resolves when that is on the disk, or the disk has refused. */
  change(boot: string, change: (known: Boot) => Boot): void;
  durably(): Promise<void>;
};

export function createCorrections(book: CorrectionBook): Corrections {
  const knownOf = (boot: string) => book.all().find((known) => known.boot === boot);
  return {
    async expose(readings) {
      const open = readings.filter((stored) => isOpen(stored, knownOf(stored.boot)));
      if (open.length === 0) return;
      for (const boot of new Set(open.map((stored) => stored.boot)))
        book.change(boot, (known) =>
          withExposed(
            known,
            open.filter((stored) => stored.boot === boot),
          ),
        );
      await book.durably();
    },
    outgoing(stored) {
      const known = knownOf(stored.boot);
      return wasExposed(stored, known) ? stored.reading : correct(stored, known);
    },
    pending: () =>
      book
        .all()
        .filter((known) => isDated(known) && known.exposed?.stream === book.stream())
        .reduce<SeqRanges>(
          (all, { exposed }) =>
            exposed ? addRanges(all, subtract(exposed.seqs, correctedIn(exposed, book.store()))) : all,
          [],
        ),
    corrected: (stored) => correct(stored, knownOf(stored.boot)),
    settled(seqs) {
      for (const { boot, exposed } of book.all())
        if (exposed?.stream === book.stream() && intersect(exposed.seqs, seqs).length > 0)
          book.change(boot, (known) => withCorrected(known, seqs, book.store()));
    },
  };
}

/** Still uncertain: its boot may learn the time later. */
function isOpen(stored: StoredReading, known: Boot | undefined): known is Boot {
  return known !== undefined && isUncertain(stored) && !isDated(known) && !wasExposed(stored, known);
}

function isUncertain({ reading, monoMs }: StoredReading): boolean {
  return reading.clock !== 'synced' && monoMs !== null;
}

function isDated({ anchor, moveMs }: Boot): boolean {
  return anchor !== null || (moveMs !== null && moveMs !== 0);
}

function wasExposed({ stream, reading }: StoredReading, known: Boot | undefined): boolean {
  return known?.exposed?.stream === stream && hasSeq(known.exposed.seqs, reading.seq);
}

function correct(stored: StoredReading, known: Boot | undefined): Reading {
  const { reading, monoMs } = stored;
  if (known === undefined || monoMs === null || !isUncertain(stored)) return reading;
  if (known.anchor) return { ...reading, observedAtMs: Math.round(utcAt(known.anchor, monoMs)), clock: 'synced' };
  return known.moveMs ? { ...reading, observedAtMs: reading.observedAtMs + known.moveMs } : reading;
}

/** Numbers of another stream say nothing any more: what is held of them was moved, and is new there. */
function withExposed(known: Boot, readings: readonly StoredReading[]): Boot {
  const stream = readings[0]?.stream as StreamId;
  const before: Exposed = known.exposed?.stream === stream ? known.exposed : { stream, seqs: [], corrected: [] };
  return { ...known, exposed: { ...before, seqs: addRanges(before.seqs, rangesOf(readings.map(seqOf))) } };
}

function withCorrected(known: Boot, seqs: SeqRanges, store: string | null): Boot {
  const { exposed } = known;
  if (!exposed) return known;
  const corrected = addRanges(correctedIn(exposed, store), intersect(exposed.seqs, seqs));
  return { ...known, exposed: { ...exposed, corrected, ...(store === null ? {} : { store }) } };
}

/** A store that was restored has forgotten the corrections too: all of them go out once more. */
function correctedIn({ corrected, store }: Exposed, present: string | null): SeqRanges {
  return store === undefined || present === null || store === present ? corrected : [];
}

function seqOf({ reading }: StoredReading): number {
  return reading.seq;
}
