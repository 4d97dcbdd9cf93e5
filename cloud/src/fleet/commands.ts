/**
 * What people, and the platform itself, ask of devices. A command is kept before it is sent: a device that is not there
 * gets it when it comes back, until it expires. It may arrive more than once and is acted on once, by its id; what became
 * of it the device says in its health.
 */
import { randomBytes } from 'node:crypto';
import {
  type Clock,
  type Command,
  type CommandOutcome,
  encodeJson,
  type Health,
  type StationId,
} from '@siaga/protocol';
import { type Actor, machine } from '../domain/alarm.ts';
import { type DeviceChannel, put, recordKind, type StateStore } from '../ports.ts';

/** A command without what the platform adds. */
export type CommandWish = WithoutFrame<Command>;
type WithoutFrame<C> = C extends Command ? Omit<C, 'v' | 'id'> : never;

export type KeptCommand = {
  readonly station: StationId;
  readonly command: Command;
  readonly by: Actor;
  readonly issuedAtMs: number;
  /** Not sent any more from then on. */
  readonly expiresAtMs: number;
  /** When it was last handed on, under which connection of the device. */
  readonly sentAtMs: number | null;
  readonly sentConnection: number | null;
  readonly outcome: (Pick<CommandOutcome, 'outcome' | 'reason'> & { readonly atMs: number }) | null;
};

export type CommandState = 'waiting' | 'sent' | 'expired' | CommandOutcome['outcome'];

export type Issued =
  | { readonly ok: true; readonly kept: KeptCommand }
  | { readonly ok: false; readonly code: 'not-found' | 'conflict' | 'too-many' | 'too-large'; readonly reason: string };

export type Commands = {
  start(): Promise<void>;
  /** With an `id` that was used before for the same, what became of that one. */
  issue(
    actor: Actor,
    station: StationId,
    wish: CommandWish,
    options: { readonly expiresInS: number; readonly id?: string },
  ): Promise<Issued>;
  /** A device told of itself: notes what became of commands, and sends what it has not answered. */
  heard(station: StationId, health: Health): Promise<void>;
  /** Gives up what nobody waits for any more. */
  sweep(): Promise<void>;
  /** The newest of a station, newest first. */
  of(station: StationId): Promise<readonly KeptCommand[]>;
};

export type CommandsOptions = {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly channel: DeviceChannel;
  readonly connected: (station: StationId) => boolean;
  readonly knows: (station: StationId) => boolean;
  /** It could not be handed on: it will be with the device's next health. */
  readonly onFailure?: (station: StationId, error: unknown) => void;
};

const commandKind = recordKind<KeptCommand>('command');

/** What was sent may be answered so long after it expired. */
const graceMs = 3_600_000;
/** A device that did not answer is asked again no sooner, by the platform's clock. */
const againMs = 120_000;
const mostOpen = 20;
/** Of one command on the wire: it is kept, audited, and sent over narrow links maybe many times. */
const mostBytes = 4096;
const shown = 10;
const dayMs = 86_400_000;
const keptMs = 90 * dayMs;
const settled: ReadonlySet<string> = new Set<CommandOutcome['outcome']>(['done', 'refused', 'rolled-back']);

export function stateOf({ outcome, sentAtMs, expiresAtMs }: KeptCommand, nowMs: number): CommandState {
  if (outcome !== null && settled.has(outcome.outcome)) return outcome.outcome;
  if (nowMs >= expiresAtMs + (sentAtMs === null ? 0 : graceMs)) return 'expired';
  return outcome?.outcome ?? (sentAtMs === null ? 'waiting' : 'sent');
}

export function createCommands(options: CommandsOptions): Commands {
  const { state, clock, channel, connected, knows, onFailure = () => {} } = options;
  /** Those that may still be sent or answered. */
  const open = new Map<string, KeptCommand>();

  const isOver = (kept: KeptCommand, nowMs: number) => {
    const now = stateOf(kept, nowMs);
    return now === 'expired' || settled.has(now);
  };

  function record(kept: KeptCommand, nowMs: number) {
    const { station, command, issuedAtMs } = kept;
    const closed = isOver(kept, nowMs);
    return put({ kind: commandKind, id: command.id, body: kept, subject: station, atMs: issuedAtMs, closed });
  }

  async function keep(kept: KeptCommand): Promise<void> {
    const nowMs = clock.now();
    await state.commit({ nowMs, puts: [record(kept, nowMs)] });
    if (isOver(kept, nowMs)) open.delete(kept.command.id);
    else open.set(kept.command.id, kept);
  }

  let last: Promise<unknown> = Promise.resolve();
  /** What is asked at once is judged one after the other: the id that the one takes, the next must find taken. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  }

  let removedAtMs = Number.NEGATIVE_INFINITY;
  async function removeOld(): Promise<void> {
    const nowMs = clock.now();
    removedAtMs = nowMs;
    const old = await state.records(commandKind, { toMs: nowMs - keptMs, limit: 10_000 });
    if (old.length > 0) await state.commit({ nowMs, removes: old.map(({ id }) => ({ kind: commandKind, id })) });
  }

  async function send(kept: KeptCommand, connection: number | null): Promise<KeptCommand> {
    const { station, command, expiresAtMs } = kept;
    if (!connected(station) || clock.now() >= expiresAtMs) return kept;
    try {
      await channel.send(station, 'command', encodeJson(command));
    } catch (error) {
      onFailure(station, error);
      return kept;
    }
    const sent = { ...kept, sentAtMs: clock.now(), sentConnection: connection };
    await keep(sent);
    return sent;
  }

  /** Unanswered, and not sent under this connection of late. */
  function isDue({ outcome, sentAtMs, sentConnection }: KeptCommand, connection: number): boolean {
    if (outcome !== null) return false;
    if (sentAtMs === null || (sentConnection !== null && sentConnection !== connection)) return true;
    return clock.now() - sentAtMs >= againMs;
  }

  async function note(kept: KeptCommand, told: readonly CommandOutcome[]): Promise<KeptCommand> {
    const answer = told.findLast(({ id }) => id === kept.command.id);
    if (answer === undefined || answer.outcome === kept.outcome?.outcome) return kept;
    const noted = { ...kept, outcome: { outcome: answer.outcome, reason: answer.reason, atMs: clock.now() } };
    await keep(noted);
    return noted;
  }

  async function ask(
    actor: Actor,
    station: StationId,
    wish: CommandWish,
    { expiresInS, id }: { readonly expiresInS: number; readonly id: string },
  ): Promise<(Issued & { readonly ok: false }) | (Issued & { readonly ok: true; readonly isNew: boolean })> {
    if (!knows(station))
      return { ok: false, code: 'not-found', reason: `No station ${JSON.stringify(station)} in the catalogue.` };
    const command = { v: 1, id, ...wish } as Command;
    const { length } = encodeJson(command);
    if (length > mostBytes)
      return { ok: false, code: 'too-large', reason: `It would have ${length} bytes; ${mostBytes} is the most.` };
    const before = await state.record(commandKind, id);
    if (before !== undefined) {
      const { body } = before;
      if (body.station === station && isSame(body.command, command)) return { ok: true, kept: body, isNew: false };
      return { ok: false, code: 'conflict', reason: `The id ${id} was used for another command.` };
    }
    if ([...open.values()].filter((kept) => kept.station === station).length >= mostOpen)
      return {
        ok: false,
        code: 'too-many',
        reason: `${mostOpen} commands wait for this device: let it answer, or them expire.`,
      };
    const nowMs = clock.now();
    const kept: KeptCommand = {
      station,
      command,
      by: actor,
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + expiresInS * 1000,
      sentAtMs: null,
      sentConnection: null,
      outcome: null,
    };
    // What the platform does of itself stands in the record; the audit is of what people do.
    const audit = actor === machine ? [] : [{ actor, act: `device.${wish.act}`, subject: station, after: { command } }];
    await state.commit({ nowMs, puts: [put({ ...record(kept, nowMs), expect: 0 })], audit });
    open.set(id, kept);
    return { ok: true, kept, isNew: true };
  }

  return {
    async start() {
      for (const { body } of await state.records(commandKind, { open: true })) open.set(body.command.id, body);
      await removeOld();
    },
    async issue(actor, station, wish, { expiresInS, id = mintCommandId() }) {
      const asked = await inTurn(() => ask(actor, station, wish, { expiresInS, id }));
      if (!asked.ok) return asked;
      return { ok: true, kept: asked.isNew ? await send(asked.kept, null) : asked.kept };
    },
    async heard(station, health) {
      if (health.state === 'offline') return;
      for (const kept of [...open.values()].filter((each) => each.station === station)) {
        const noted = await note(kept, health.commands ?? []);
        if (isDue(noted, health.connection)) await send(noted, health.connection);
      }
    },
    async sweep() {
      const nowMs = clock.now();
      for (const kept of open.values()) if (isOver(kept, nowMs)) await keep(kept);
      if (nowMs - removedAtMs >= dayMs) await removeOld();
    },
    of: async (station) =>
      (await state.records(commandKind, { subject: station, limit: shown })).map(({ body }) => body),
  };
}

function isSame(a: Command, b: Command): boolean {
  const sorted = (command: Command) => JSON.stringify(Object.entries(command).sort(([x], [y]) => (x < y ? -1 : 1)));
  return sorted(a) === sorted(b);
}

function mintCommandId(): string {
  return randomBytes(9).toString('base64url');
}
