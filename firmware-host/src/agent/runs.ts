/** Why this run began: what ended the one before, from what that one left in `run.json`. */
import { type StartReason, startReasons } from '@siaga/protocol';
import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { openStateFile } from './state-file.ts';

const Run = Type.Object({
  /** Starts over the life of the data folder. */
  number: Type.Integer({ minimum: 1 }),
  reason: Type.Enum(startReasons),
  boot: Type.String(),
  version: Type.String(),
  /** The version that ran before the present one. */
  versionBefore: Type.Union([Type.String(), Type.Null()]),
  /** How it ended; null while it runs, and for ever if nobody could say. */
  ended: Type.Union([Type.Literal('ordered'), Type.Literal('watchdog'), Type.Null()]),
});
export type Run = Static<typeof Run>;

export type Runs = {
  readonly start: { readonly number: number; readonly reason: StartReason };
  /** The run ends in order, or will be ended by the watchdog. */
  ends(how: 'ordered' | 'watchdog'): Promise<void>;
};

export async function openRuns(path: string, now: { boot: string; version: string }, log: Logger): Promise<Runs> {
  const file = await openStateFile(path, Run, log);
  const run = nextRun(file.held, now);
  await file.save(run);
  return {
    start: { number: run.number, reason: run.reason },
    ends: (how) => file.save({ ...run, ended: how }),
  };
}

/** Pure. */
export function nextRun(before: Run | null, { boot, version }: { boot: string; version: string }): Run {
  const number = (before?.number ?? 0) + 1;
  const versionBefore = before && before.version !== version ? before.version : (before?.versionBefore ?? null);
  return { number, reason: reasonOf(before, { boot, version }), boot, version, versionBefore, ended: null };
}

function reasonOf(before: Run | null, { boot, version }: { boot: string; version: string }): StartReason {
  if (before === null) return 'first';
  if (before.version !== version) return version === before.versionBefore ? 'roll-back' : 'update';
  if (before.ended !== null) return before.ended;
  return before.boot === boot ? 'crash' : 'power';
}
