/**
 * The daily test of each channel: sent to those on duty, and to be marked as seen by a person. A test that nobody saw
 * stays the channel's test, is sent again the next day and counts from its first sending: silence is told by its age.
 */
import type { ChannelState } from '@siaga/protocol';
import { localDay, minuteOfDay } from '../../duty/local-time.ts';
import { type AuditDraft, type Put, put, recordKind, type StateStore } from '../../ports.ts';
import { type DeliveryRecord, deliveryId, newDelivery, stateOf, wishing } from './delivery.ts';
import type { Ledger } from './ledger.ts';
import type { Channel, Person } from './person.ts';
import { reachesOf } from './person.ts';

export type ChannelTest = {
  readonly id: string;
  readonly sentAtMs: number | null;
  readonly seenAtMs: number | null;
  readonly seenBy: string | null;
};

/** What is kept of a channel: the local day of its last daily test, and its newest test. */
type ChannelNote = { readonly day: string; readonly test: ChannelTest | null; readonly lastSentAtMs: number | null };

const noteKind = recordKind<ChannelNote>('channel');

export type TestDone =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: 'not-found' | 'not-now'; readonly reason: string };

export type ChannelTests = {
  start(): Promise<void>;
  /** Sends what the day demands. */
  tick(): Promise<void>;
  /** Sends one to this person now. */
  send(channel: string, person: Person): Promise<TestDone>;
  seen(channel: string, id: string, by: string): Promise<TestDone>;
  of(channel: string): ChannelState['test'];
  lastSentAtMs(channel: string): number | null;
  /** What is kept in the commit of a message that was sent. */
  sent(record: DeliveryRecord, nowMs: number): readonly Put[];
};

export function createChannelTests(options: {
  readonly state: Pick<StateStore, 'records' | 'commit'>;
  readonly ledger: Ledger;
  readonly clock: { now(): number };
  readonly timeZone: string;
  readonly channels: readonly Channel[];
  /** Local hour of the day, 0–23. */
  readonly hour: number;
  /** Those on the first duty of the chain whom this channel reaches, else such admins. */
  testers(channel: Channel): readonly Person[];
}): ChannelTests {
  const { state, ledger, clock, timeZone, channels, hour, testers } = options;
  const notes = new Map<string, ChannelNote>();
  /** A note is told at most so often of sent messages: it serves people's eyes only. */
  const sentSlackMs = 60_000;

  const putOf = (channel: string, body: ChannelNote): Put => put({ kind: noteKind, id: channel, body });
  /** The number rises with time, so that a test that is sent again has a key of its own. */
  function testRow(look: Ledger['look'], of: Parameters<typeof deliveryId>[0], nowMs: number): DeliveryRecord {
    const wish = { annunciation: Math.floor(nowMs / 1000), over: false };
    const record = look(deliveryId(of));
    return record === undefined
      ? newDelivery({ topic: 'test', ...of, duty: true, priority: 'low', drill: false }, wish, nowMs)
      : wishing(record, wish, nowMs);
  }

  async function begin(
    channel: Channel,
    people: readonly Person[],
    day: string | undefined,
    audit: readonly AuditDraft[] = [],
  ): Promise<void> {
    const nowMs = clock.now();
    const before = notes.get(channel.name);
    const unseen = before?.test != null && before.test.seenAtMs === null ? before.test : null;
    const test = unseen ?? {
      id: `test-${channel.name}-${Math.floor(nowMs / 1000).toString(36)}`,
      sentAtMs: null,
      seenAtMs: null,
      seenBy: null,
    };
    const note = {
      day: day ?? before?.day ?? localDay(timeZone, nowMs),
      test,
      lastSentAtMs: before?.lastSentAtMs ?? null,
    };
    if (audit.length > 0) await state.commit({ nowMs, audit });
    await ledger.apply((look) => ({
      rows: people.flatMap((person) =>
        reachesOf(person, [channel]).map(({ slot }) =>
          testRow(look, { group: test.id, person: person.id, channel: channel.name, slot }, nowMs),
        ),
      ),
      puts: [putOf(channel.name, note)],
    }));
    notes.set(channel.name, note);
  }

  return {
    async start() {
      for (const { id, body } of await state.records(noteKind)) notes.set(id, body);
    },
    async tick() {
      const nowMs = clock.now();
      const today = localDay(timeZone, nowMs);
      for (const channel of channels) {
        if (channel.notifier === null) continue;
        const note = notes.get(channel.name);
        // A new channel's first test is the next one of the day: nobody waits for one yet.
        const begun = note ?? { day: today, test: null, lastSentAtMs: null };
        if (note === undefined) {
          await ledger.apply(() => ({ rows: [], puts: [putOf(channel.name, begun)] }));
          notes.set(channel.name, begun);
        }
        if (begun.day >= today || minuteOfDay(timeZone, nowMs) < hour * 60) continue;
        const people = testers(channel);
        if (people.length > 0) await begin(channel, people, today);
      }
    },
    async send(name, person) {
      const channel = channels.find((one) => one.name === name);
      if (channel === undefined) return { ok: false, code: 'not-found', reason: `There is no channel ${name}.` };
      if (channel.notifier === null)
        return { ok: false, code: 'not-now', reason: `${name} is off: ${channel.why ?? 'its settings are missing'}.` };
      if (reachesOf(person, [channel]).length === 0)
        return {
          ok: false,
          code: 'not-now',
          reason: `Your account has no address for ${name}; add one in your profile.`,
        };
      const test = notes.get(name)?.test?.id;
      const waits =
        test !== undefined && ledger.of(test).some((row) => row.person === person.id && stateOf(row) === 'waiting');
      if (waits) return { ok: false, code: 'not-now', reason: 'A test to you is under way already.' };
      await begin(channel, [person], undefined, [{ actor: person.id, act: 'channel.test', subject: name }]);
      return { ok: true };
    },
    async seen(name, id, by) {
      const note = notes.get(name);
      if (note?.test?.id !== id)
        return { ok: false, code: 'not-found', reason: 'That is not the newest test of this channel.' };
      if (note.test.seenAtMs !== null) return { ok: true };
      if (note.test.sentAtMs === null)
        return {
          ok: false,
          code: 'not-now',
          reason: 'The test has not been sent yet: what was seen is another message.',
        };
      const nowMs = clock.now();
      const seen = { ...note, test: { ...note.test, seenAtMs: nowMs, seenBy: by } };
      await state.commit({
        nowMs,
        puts: [putOf(name, seen)],
        audit: [{ actor: by, act: 'channel.test-seen', subject: name, after: { test: id } }],
      });
      notes.set(name, seen);
      return { ok: true };
    },
    of(channel) {
      const test = notes.get(channel)?.test;
      if (test == null) return null;
      const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
      return { id: test.id, sentAt: iso(test.sentAtMs), seenAt: iso(test.seenAtMs), seenBy: test.seenBy };
    },
    lastSentAtMs: (channel) => notes.get(channel)?.lastSentAtMs ?? null,
    sent({ topic, channel, group }, nowMs) {
      const note = notes.get(channel);
      if (note === undefined) return [];
      const first = topic === 'test' && note.test?.id === group && note.test.sentAtMs === null;
      if (!first && nowMs - (note.lastSentAtMs ?? 0) < sentSlackMs) return [];
      const test = first && note.test !== null ? { ...note.test, sentAtMs: nowMs } : note.test;
      const next = { ...note, test, lastSentAtMs: nowMs };
      notes.set(channel, next);
      return [putOf(channel, next)];
    },
  };
}
