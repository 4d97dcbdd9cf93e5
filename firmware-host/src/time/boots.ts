/**
 * What is known of the machine's boots. Within one boot the monotonic clock never jumps, so that one moment
 * known in both (an anchor) dates everything else in it. Pure.
 */
import { type SeqRanges, StreamId } from '@siaga/protocol';
import { type Static, Type } from 'typebox';

const sources = ['ntp', 'server'] as const;

const Ranges = Type.Array(Type.Tuple([Type.Integer(), Type.Integer()]));
const Anchor = Type.Object({
  monoMs: Type.Number(),
  utcMs: Type.Number(),
  /** How far `utcMs` may be off, either way. */
  errorMs: Type.Number(),
  source: Type.Enum(sources),
});
const Boot = Type.Object({
  boot: Type.String(),
  firstMonoMs: Type.Number(),
  lastMonoMs: Type.Number(),
  /** At `firstMonoMs` and at `lastMonoMs` it was not earlier than this, ms UTC, whatever the clock said. */
  earliestMs: Type.Number(),
  lastEarliestMs: Type.Number(),
  /** The first and last wall clock of the boot's uncertain readings; null without any. */
  stamped: Type.Union([Type.Object({ fromMs: Type.Number(), toMs: Type.Number() }), Type.Null()]),
  /** The first one, by which the boot's uncertain readings are corrected: it never changes. */
  anchor: Type.Union([Anchor, Type.Null()]),
  /** The newest one, by which the time goes: a quartz drifts from the first by seconds a day. */
  newest: Type.Optional(Anchor),
  /**
   * By how much the stamps of a boot without an anchor are moved, so that they lie between its neighbours; they stay
   * uncertain. Null until a later boot knows the time; it never changes then.
   */
  moveMs: Type.Union([Type.Number(), Type.Null()]),
  /** Uncertain readings that were sent as they were stamped, under revision 0; of one stream only. */
  exposed: Type.Union([
    Type.Object({
      stream: StreamId,
      seqs: Ranges,
      /** Of these, those that the platform has corrected; `store`: which of its stores said so. */
      corrected: Ranges,
      store: Type.Optional(Type.String()),
    }),
    Type.Null(),
  ]),
});
export type Anchor = Static<typeof Anchor>;
export type Boot = Omit<Static<typeof Boot>, 'exposed'> & { readonly exposed: Exposed | null };
export type Exposed = {
  readonly stream: StreamId;
  readonly seqs: SeqRanges;
  readonly corrected: SeqRanges;
  readonly store?: string;
};
/** Oldest first; the last is the present one. */
export type Boots = readonly Boot[];

/** What `boots.json` holds. */
export const BootsState = Type.Object({ v: Type.Literal(1), boots: Type.Array(Boot) });

/** A year of a machine that loses its power every night, and twice more. */
const bootsKept = 1_000;

/** UTC of a moment in an anchor's boot. */
export function utcAt({ utcMs, monoMs }: Pick<Anchor, 'utcMs' | 'monoMs'>, atMonoMs: number): number {
  return utcMs + (atMonoMs - monoMs);
}

/** The book at a start of the agent: goes on in the present boot, or opens it. `notBeforeMs`: the program's build date. */
export function begun(boots: Boots, boot: string, monoMs: number, notBeforeMs: number): Boots {
  const last = boots.at(-1);
  if (last?.boot === boot) return boots;
  const earliestMs = Math.max(notBeforeMs, last?.lastEarliestMs ?? notBeforeMs);
  const opened: Boot = {
    boot,
    firstMonoMs: monoMs,
    lastMonoMs: monoMs,
    earliestMs,
    lastEarliestMs: earliestMs,
    stamped: null,
    anchor: null,
    moveMs: null,
    exposed: null,
  };
  return [...boots.filter((other) => other.boot !== boot), opened].slice(-bootsKept);
}

/** The book with one boot changed. */
export function changed(boots: Boots, boot: string, change: (known: Boot) => Boot): Boots {
  return boots.map((known) => (known.boot === boot ? change(known) : known));
}

/** A sign of life: at `monoMs` it was not earlier than `earliestMs`. */
export function touched(known: Boot, monoMs: number, earliestMs: number): Boot {
  return monoMs < known.lastMonoMs ? known : { ...known, lastMonoMs: monoMs, lastEarliestMs: earliestMs };
}

/** An uncertain reading was stamped `ms`. */
export function stampedAt(known: Boot, ms: number): Boot {
  const { fromMs, toMs } = known.stamped ?? { fromMs: ms, toMs: ms };
  return { ...known, stamped: { fromMs: Math.min(fromMs, ms), toMs: Math.max(toMs, ms) } };
}

/**
 * The book once the present boot knows the time: boots before it that never learnt theirs, and whose stamps lie
 * after the next one's beginning, are moved back to it, but not before what they knew to be the earliest.
 */
export function bounded(boots: Boots): Boots {
  const present = boots.at(-1);
  if (!present?.anchor) return boots;
  let nextMs = Number.POSITIVE_INFINITY;
  const newestFirst = boots.toReversed().map((known): Boot => {
    const settled = known.anchor || known.moveMs !== null ? known : { ...known, moveMs: moveBefore(nextMs, known) };
    nextMs = known.anchor
      ? utcAt(known.anchor, known.firstMonoMs)
      : Math.min(nextMs, (known.stamped?.fromMs ?? nextMs) + (settled.moveMs ?? 0));
    return settled;
  });
  return newestFirst.toReversed();
}

function moveBefore(nextMs: number, { stamped, earliestMs }: Boot): number {
  if (stamped === null || stamped.toMs <= nextMs) return 0;
  return Math.min(0, Math.max(nextMs - stamped.toMs, earliestMs - stamped.fromMs));
}
