/**
 * The agent's time on a machine that has no clock of its own: never before what it must be at least, exact from the
 * first moment that a time server, or the platform's receipts, tell it, whatever the wall clock goes on to say.
 */
import type { Clock, ClockState, StreamId } from '@siaga/protocol';
import type { Logger } from 'pino';
import type { Static } from 'typebox';
import { openStateFile } from '../agent/state-file.ts';
import { messageOf } from '../errors.ts';
import type { Draft, StoredReading } from '../outbox/outbox.ts';
import type { Corrections } from '../uplink/corrections.ts';
import {
  type Anchor,
  type Boot,
  type Boots,
  BootsState,
  begun,
  bounded,
  changed,
  stampedAt,
  touched,
  utcAt,
} from './boots.ts';
import { buildDateMs } from './build-date.ts';
import { createCorrections } from './corrections.ts';
import { errorOf, middleOf, narrowed, type Offset, offsetOf, type ServerWord } from './server-offset.ts';
import type { TimeSources } from './signs.ts';
import { createWall } from './wall.ts';

export type AgentTime = {
  readonly clock: Clock;
  state(): ClockState;
  /** Whether the machine's wall clock, by which TLS judges certificates, is known to be right. */
  clockTrusted(): boolean;
  /** It is not earlier than this now, ms UTC. */
  earliestMs(): number;
  /** The reading with its time as this clock knows it now. */
  stamped(draft: Draft): Draft;
  /** To be told of each reading that has become durable. */
  stored(reading: StoredReading): void;
  serverSaid(word: ServerWord): void;
  /** Null where no time is ever uncertain. */
  readonly corrections: Corrections | null;
  /** Looks at the machine's clock; done by itself each minute. */
  look(): Promise<void>;
  close(): Promise<void>;
};

const lookEveryMs = 60_000;
/** Beyond this it is news that the time was wrong. */
const wrongMs = 1_000;
/** A server's word is taken as the time when it is this good. */
const serverErrorMs = 1_000;
/** Signs of life are written this seldom; they only bound the times of boots that never learnt theirs. */
const saveEveryMs = 3_600_000;
const ntpErrorMs = 100;
/** By so much a time server and the platform do not differ if both are right. */
const contradictionMs = 60_000;
/** To a certificate's dates so much makes no difference. */
const trustedMs = 60_000;

export async function openAgentTime(options: {
  /** The file of what is known of the boots. */
  readonly path: string;
  readonly boot: string;
  readonly sources: TimeSources;
  readonly stream: () => StreamId;
  /** The platform's store, by its last receipt; null before the first. */
  readonly store: () => string | null;
  readonly log: Logger;
  readonly onState: (state: ClockState) => void;
}): Promise<AgentTime & { readonly corrections: Corrections }> {
  const { boot, sources, log } = options;
  const { monoMs } = sources;
  // What cannot be read is begun anew: what was uncertain then stays so.
  const file = await openStateFile(options.path, BootsState, log);
  const wall = createWall(sources, log);
  let boots: Boots = begun((file.held?.boots ?? []) as Boots, boot, monoMs(), buildDateMs);
  /** What the time goes by now; the boot's first anchor stays that of the corrections. */
  let live: Anchor | null = present().newest ?? present().anchor;
  let state: ClockState = live ? 'synced' : 'unsynced';
  let offset: Offset | null = null;
  let serverMs = Number.NEGATIVE_INFINITY;
  let contradicted = false;
  let savedMonoMs = monoMs();
  /** Boots whose dating is not on the disk yet: nothing is corrected by it before. */
  let undurable: ReadonlySet<string> = new Set();

  function present(): Boot {
    return boots.at(-1) as Boot;
  }
  const save = (): Promise<void> => {
    savedMonoMs = monoMs();
    return file.save({ v: 1, boots } as Static<typeof BootsState>);
  };
  const earliestMs = (): number => {
    if (live) return utcAt(live, monoMs()) - live.errorMs;
    const { earliestMs: firstMs, firstMonoMs } = present();
    return Math.max(firstMs + (monoMs() - firstMonoMs), serverMs);
  };
  const timeAt = (atMonoMs: number): number => {
    if (live) return utcAt(live, atMonoMs);
    return Math.max(sources.wallMs(), earliestMs()) - (monoMs() - atMonoMs);
  };
  const touch = (): void => {
    boots = changed(boots, boot, (known) => touched(known, monoMs(), earliestMs()));
  };
  const become = (next: ClockState): void => {
    if (next === state) return;
    state = next;
    log.info({ clock: state, time: new Date(timeAt(monoMs())).toISOString() }, 'clock');
    options.onState(state);
  };

  const anchorAt = (anchor: Anchor): void => {
    const wrongByMs = utcAt(anchor, monoMs()) - timeAt(monoMs());
    if (Math.abs(wrongByMs) > wrongMs)
      log.warn({ source: anchor.source, wrongByMs: Math.round(wrongByMs) }, 'time corrected');
    live = anchor;
    boots = changed(boots, boot, (known) => ({ ...known, newest: anchor }));
    become('synced');
    if (present().anchor === null) dateBoots(anchor);
  };
  const dateBoots = (anchor: Anchor): void => {
    const before = boots;
    boots = bounded(changed(boots, boot, (known) => ({ ...known, anchor })));
    undurable = new Set(boots.filter((known, i) => known !== before[i]).map((known) => known.boot));
    touch();
    save().then(() => {
      undurable = new Set();
    });
  };

  const compare = (said: Offset): void => {
    const byMs = live ? live.utcMs - live.monoMs - middleOf(said) : 0;
    const contradicts = Math.abs(byMs) - errorOf(said) > contradictionMs;
    if (contradicts && !contradicted)
      log.warn(
        { byMs: Math.round(byMs) },
        'the time server and the platform contradict each other; the time server is believed',
      );
    contradicted = contradicts;
  };

  const lookOnce = async (ask: boolean): Promise<void> => {
    const signs = await wall.look(ask);
    if (signs.disciplined && signs.wallMs >= buildDateMs)
      anchorAt({ monoMs: signs.monoMs, utcMs: signs.wallMs, errorMs: ntpErrorMs, source: 'ntp' });
    else if (!live) become(signs.rtc && signs.wallMs >= earliestMs() ? 'rtc' : 'unsynced');
    touch();
    if (monoMs() - savedMonoMs >= saveEveryMs) await save();
  };
  let looking: Promise<void> = Promise.resolve();
  const look = (ask = true): Promise<void> => {
    const looked = looking.then(() => lookOnce(ask));
    looking = looked.catch(() => undefined);
    return looked;
  };
  const lookLater = (): void => {
    look().catch((error) => log.warn({ err: messageOf(error) }, 'clock not looked at'));
  };

  await look(false);
  await save();
  // The time service may take seconds to answer: the first reading does not wait for it.
  lookLater();
  const timer = setInterval(lookLater, lookEveryMs);

  return {
    clock: { now: () => Math.round(timeAt(monoMs())), origin: Math.round(timeAt(monoMs())), speed: 1 },
    state: () => state,
    clockTrusted: () => live !== null && Math.abs(sources.wallMs() - timeAt(monoMs())) < trustedMs,
    earliestMs,
    stamped(draft) {
      if (draft.monoMs === null) return draft;
      return { ...draft, reading: { ...draft.reading, observedAtMs: Math.round(timeAt(draft.monoMs)), clock: state } };
    },
    stored({ reading }) {
      touch();
      if (reading.clock === 'synced') return;
      const isFirst = present().stamped === null;
      boots = changed(boots, boot, (known) => stampedAt(known, reading.observedAtMs));
      // A boot may end before the next sign of life: then this bounds its times.
      if (isFirst) void save();
    },
    serverSaid(word) {
      // A platform that replays the past tells no time.
      if (word.serverMs < buildDateMs) return;
      offset = narrowed(offset, offsetOf(word));
      // A time server knows better; but somebody should know when it does not.
      if (wall.disciplined()) return compare(offset);
      serverMs = Math.max(serverMs, word.serverMs);
      if (errorOf(offset) > serverErrorMs) return;
      const liveOffsetMs = live ? live.utcMs - live.monoMs : Number.NaN;
      if (liveOffsetMs >= offset.lowMs && liveOffsetMs <= offset.highMs) return;
      const utcMs = middleOf(offset) + word.receivedMonoMs;
      anchorAt({ monoMs: word.receivedMonoMs, utcMs, errorMs: errorOf(offset), source: 'server' });
    },
    corrections: createCorrections({
      all() {
        if (undurable.size === 0) return boots;
        return boots.map((known) => (undurable.has(known.boot) ? { ...known, anchor: null, moveMs: null } : known));
      },
      stream: options.stream,
      store: options.store,
      change(of, how) {
        boots = changed(boots, of, how);
      },
      durably: save,
    }),
    look: () => look(),
    async close() {
      clearInterval(timer);
      touch();
      await save();
    },
  };
}
