/**
 * A serial line on a kernel tty, for as long as the agent runs.
 *
 * A line that is gone is opened again, under whatever device its path then names. A silent line is looked at: a
 * device that was replaced behind an open descriptor says nothing at all, and another program that reads the
 * same line takes its bytes without a word. Reading is never paused.
 */
import { stat } from 'node:fs/promises';
import type { LineProblem } from '@siaga/protocol';
import { messageOf, systemCodeOf } from '../errors.ts';
import { pause } from '../wait.ts';
import { holdersOf, namesOf } from './holders.ts';
import type { LinkEvents, LinkSettings, LinkState, SerialLink } from './link.ts';
import { openFailure } from './open-failure.ts';
import { openTty, type Tty } from './tty.ts';

export type NodeSerialTiming = {
  /** Real ms between two attempts to open. */
  readonly reopenMs: number;
  /** After this long without a byte, and as often again, the device node is compared with the open one. */
  readonly silenceMs: number;
  /** After this long without a byte the line is opened afresh: adapters wedge. */
  readonly staleMs: number;
  /** At most so often the processes are looked through for another reader. */
  readonly holdersMs: number;
};

const defaultTiming: NodeSerialTiming = { reopenMs: 1_000, silenceMs: 2_000, staleMs: 900_000, holdersMs: 60_000 };

const longestWriteMs = 1_000;
/** So many wake-ups for nothing, and somebody else is reading. */
const suspiciousWakes = 5;

type Ended = { readonly reason: string; readonly problem: LineProblem | null };

export function openNodeSerial(
  settings: LinkSettings,
  events: LinkEvents,
  timing: Partial<NodeSerialTiming> = {},
): SerialLink {
  const { path } = settings;
  const { reopenMs, silenceMs, staleMs, holdersMs } = { ...defaultTiming, ...timing };
  const ending = new AbortController();
  let current: Tty | null = null;
  let state: LinkState = 'closed';
  let opens = 0;
  let heardAtMs = 0;
  let told: Ended = { reason: '', problem: null };
  let closedFor: Ended | null = null;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let wakesSeen = 0;

  const tell = (next: LinkState, reason: string, problem: LineProblem | null): void => {
    if (ending.signal.aborted || (next === state && reason === told.reason)) return;
    state = next;
    told = { reason, problem };
    events.onState(next, reason, problem);
  };

  const onBytes = (bytes: Uint8Array): void => {
    heardAtMs = performance.now();
    if (!ending.signal.aborted) events.onBytes(bytes);
  };

  const end = async (tty: Tty, why: Ended): Promise<void> => {
    if (tty !== current) return;
    closedFor = why;
    await tty.close();
  };

  /** Closes the line when its device has gone or been replaced, or has been silent for very long. */
  const watch = async (tty: Tty): Promise<void> => {
    const silentMs = performance.now() - heardAtMs;
    if (tty !== current) return;
    const isSilent = silentMs >= silenceMs;
    if (isSilent) {
      const why = await changed(path, tty);
      if (why !== null) return end(tty, why);
      if (silentMs >= staleMs) {
        heardAtMs = performance.now();
        return end(tty, { reason: 'silent for long: opened afresh', problem: 'silent' });
      }
    }
    await lookForOthers(tty, isSilent);
  };

  const lookForOthers = async (tty: Tty, isSilent: boolean): Promise<void> => {
    const wakes = tty.emptyWakes() - wakesSeen;
    const isShared = told.problem === 'foreign-owner';
    if (!isSilent && wakes < suspiciousWakes && !isShared) return;
    if (performance.now() - lookedAtMs < holdersMs) return;
    lookedAtMs = performance.now();
    wakesSeen = tty.emptyWakes();
    const { holders } = await holdersOf(path);
    if (tty !== current) return;
    if (holders.length > 0) tell('open', `also read by ${namesOf(holders)}`, 'foreign-owner');
    else if (wakes >= suspiciousWakes) tell('open', 'another program takes its bytes', 'foreign-owner');
    else if (isShared) tell('open', 'read by us alone again', null);
  };

  const session = async (): Promise<Ended> => {
    const tty = await openTty(settings);
    if (ending.signal.aborted) return tty.close().then(() => ({ reason: 'closed', problem: null }));
    current = tty;
    closedFor = null;
    wakesSeen = 0;
    opens++;
    heardAtMs = performance.now();
    tell('open', 'opened', null);
    const timer = setInterval(() => watch(tty).catch(() => undefined), Math.min(silenceMs, 1_000));
    try {
      const reason = await tty.read(onBytes);
      return closedFor ?? (await whyEnded(path, reason));
    } finally {
      clearInterval(timer);
      current = null;
      await tty.close();
    }
  };

  const failed = async (error: unknown): Promise<Ended> => {
    const failure = openFailure(path, messageOf(error));
    if (failure.problem !== 'foreign-owner') return failure;
    const { holders } = await holdersOf(path);
    return holders.length === 0 ? failure : { ...failure, reason: `${path} is held by ${namesOf(holders)}` };
  };

  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const { reason, problem } = await session().catch(failed);
      tell('closed', reason, problem);
      await pause(reopenMs, ending.signal);
    }
  };
  const running = run();

  return {
    state: () => state,
    reopens: () => Math.max(0, opens - 1),
    async write(bytes) {
      const tty = current;
      if (tty === null) throw new Error(`${path} is closed`);
      await tty.write(bytes, longestWriteMs).catch(async (error) => {
        await end(tty, { reason: messageOf(error), problem: null });
        throw error;
      });
    },
    async close() {
      ending.abort();
      await current?.close();
      await running;
      state = 'closed';
    },
  };
}

/** Why the open line is no longer what its path names; null while it is. */
async function changed(path: string, tty: Tty): Promise<Ended | null> {
  const open = tty.stats();
  if (open === null) return null;
  try {
    const named = await stat(path);
    const isSame = named.ino === open.ino && named.rdev === open.rdev;
    return isSame ? null : { reason: 'device replaced', problem: null };
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? { reason: 'device gone', problem: 'node-missing' } : null;
  }
}

/** A line that hung up because its adapter was pulled out says so. */
async function whyEnded(path: string, reason: string): Promise<Ended> {
  const there = await stat(path).then(
    () => true,
    (error) => systemCodeOf(error) !== 'ENOENT',
  );
  return there ? { reason, problem: null } : { reason: 'unplugged', problem: 'node-missing' };
}
