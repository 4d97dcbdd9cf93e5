/**
 * The shift log: what people note and hand over, and what alarms did meanwhile. Appended, never changed. Automatic entries
 * are the alarms' own history, read beside the notes, so that nothing is written twice.
 */
import type { Clock, LogEntry } from '@siaga/protocol';
import { sha256 } from '../audit-chain.ts';
import type { Actor, TransitionDraft } from '../domain/alarm.ts';
import { type JournalLine, recordKind, type StateStore } from '../ports.ts';

/** A line as it is kept. */
export type LogLine = Omit<LogEntry, 'no' | 'at' | 'handover'> & {
  readonly handover: { readonly to: Actor; readonly open: readonly string[] } | null;
};

export const logLines = recordKind<LogLine>('log');

/** That a handover was accepted; its subject names the handover. */
const acceptances = recordKind<{ readonly by: Actor }>('log-accepted');
const acceptanceOf = (no: number) => `handover/${no}`;

/** The alarms' history as a source of automatic entries. */
export type AlarmHistory = {
  lines(query: { before?: number; limit: number }): Promise<JournalLine<TransitionDraft>[]>;
  /** What a transition says in the log; null for one that is no news there. */
  text(
    line: JournalLine<TransitionDraft>,
  ): Promise<{ text: string; station: string | null; drill: string | null } | null>;
  /** Headlines of what is open now: a handover keeps them. */
  open(drill: string | null): readonly string[];
};

export type ShiftLog = {
  /** Newest first, with lower numbers than `before`. Entries of a drill only for who takes part in it. */
  list(query: { before?: number; limit: number; drill: string | null }): Promise<LogEntry[]>;
  add(
    actor: Actor,
    note: { text: string; alarm: string | null; station: string | null; drill: string | null },
  ): Promise<LogEntry>;
  handOver(actor: Actor, handover: { to: Actor; text: string; drill: string | null }): Promise<LogEntry>;
  /** Undefined where there is no such handover to this person; accepting twice changes nothing. */
  accept(actor: Actor, no: number): Promise<LogEntry | undefined>;
};

export function createShiftLog(options: {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly alarms: AlarmHistory;
}): ShiftLog {
  const { state, clock, alarms } = options;

  async function entryOf({ no, atMs, body }: JournalLine<LogLine>): Promise<LogEntry> {
    const { handover, ...line } = body;
    const accepted =
      handover !== null && (await state.journal(acceptances, { subject: acceptanceOf(no), limit: 1 })).length > 0;
    return {
      ...line,
      no,
      at: new Date(atMs).toISOString(),
      handover: handover === null ? null : { to: handover.to, open: [...handover.open], accepted },
    };
  }

  async function automatic(line: JournalLine<TransitionDraft>): Promise<LogEntry | null> {
    const said = await alarms.text(line);
    if (said === null) return null;
    const { alarm, actor } = line.body;
    return { no: line.no, at: new Date(line.atMs).toISOString(), kind: 'alarm', actor, alarm, handover: null, ...said };
  }

  /** The newest notes and transitions below a number; both journals share their numbers. */
  async function page(
    before: number | undefined,
    limit: number,
  ): Promise<{ entries: LogEntry[]; next: number | null }> {
    const query = { limit, ...(before === undefined ? {} : { before }) };
    const [notes, transitions] = await Promise.all([state.journal(logLines, query), alarms.lines(query)]);
    // What one journal still has below its last line must not be passed over by the other.
    const floor = Math.max(
      notes.length < limit ? 0 : (notes.at(-1)?.no ?? 0),
      transitions.length < limit ? 0 : (transitions.at(-1)?.no ?? 0),
    );
    const entries: LogEntry[] = [];
    for (const note of notes) if (note.no >= floor) entries.push(await entryOf(note));
    for (const transition of transitions) {
      const entry = transition.no >= floor ? await automatic(transition) : null;
      if (entry !== null) entries.push(entry);
    }
    return { entries: entries.sort((a, b) => b.no - a.no), next: floor > 1 ? floor : null };
  }

  async function append(line: LogLine): Promise<LogEntry> {
    const subject = line.station ?? line.alarm ?? '';
    const nowMs = clock.now();
    // The text has its place in the journal; its digest in the chain shows later that it was this one.
    const { actor, kind, alarm, station, text, handover } = line;
    const after = { alarm, station, to: handover?.to ?? null, sha256: sha256(text) };
    const { lines } = await state.commit({
      nowMs,
      journal: [{ kind: logLines, subject, body: line }],
      audit: [{ actor, act: `log.${kind}`, subject: subject === '' ? 'log' : subject, after }],
    });
    return entryOf({ no: lines[0] as number, atMs: nowMs, subject, body: line });
  }

  return {
    async list({ before, limit, drill }) {
      const found: LogEntry[] = [];
      let from = before;
      while (found.length < limit) {
        const { entries, next } = await page(from, Math.max(limit, 50));
        found.push(...entries.filter((entry) => entry.drill === null || entry.drill === drill));
        if (next === null) break;
        from = next;
      }
      return found.slice(0, limit);
    },
    add: (actor, { text, alarm, station, drill }) =>
      append({ kind: 'entry', actor, text, alarm, station, drill, handover: null }),
    handOver: (actor, { to, text, drill }) =>
      append({
        kind: 'handover',
        actor,
        text,
        alarm: null,
        station: null,
        drill,
        handover: { to, open: alarms.open(drill) },
      }),
    async accept(actor, no) {
      const [line] = await state.journal(logLines, { before: no + 1, limit: 1 });
      if (line?.no !== no || line.body.handover?.to !== actor) return undefined;
      const entry = await entryOf(line);
      if (!entry.handover?.accepted) {
        const journal = [{ kind: acceptances, subject: acceptanceOf(no), body: { by: actor } }];
        await state.commit({
          nowMs: clock.now(),
          journal,
          audit: [{ actor, act: 'handover.accept', subject: String(no) }],
        });
      }
      return entryOf(line);
    },
  };
}
