/** What an agent has on its disk and knows of its machine, opened in order: the outbox's lock comes first. */
import { join } from 'node:path';
import type { Clock, ClockState } from '@siaga/protocol';
import type { Logger } from 'pino';
import { openOrderBook } from '../cadence/order.ts';
import type { AgentConfig } from '../config.ts';
import { storageOptions } from '../outbox/config.ts';
import type { Outbox, StoredReading } from '../outbox/outbox.ts';
import { openAgentTime } from '../time/agent-time.ts';
import { givenTime } from '../time/given-time.ts';
import type { TimeSources } from '../time/signs.ts';
import { agentVersion } from '../version.ts';
import { monotonicMs } from '../wait.ts';
import { bootId } from './boot.ts';
import { openConnectionCounter } from './connection-counter.ts';
import { openOutbox } from './folder.ts';
import { openMaintenance } from './maintenance.ts';
import { openRuns } from './runs.ts';
import type { Now } from './span.ts';

export type PartsOptions = {
  readonly config: AgentConfig;
  readonly data: string;
  readonly clock: Clock;
  readonly clockState?: (() => ClockState) | undefined;
  readonly time?: TimeSources | undefined;
  readonly log: Logger;
  /** Readings that are never thinned out. */
  readonly isEvent: (stored: StoredReading) => boolean;
  /** The clock's state or maintenance has changed. */
  readonly onChange: () => void;
};

/** Rejects with `data-folder-unusable`, `outbox-locked` or `outbox-unreadable`. */
export async function openParts(options: PartsOptions) {
  const { config, data, log, isEvent } = options;
  const outbox = await openOutbox(data, log, { ...storageOptions(config), isEvent });
  return openBeside(outbox, options).catch(async (error) => {
    await outbox.close();
    throw error;
  });
}

async function openBeside(outbox: Outbox, { data, clock, clockState, time: sources, log, onChange }: PartsOptions) {
  const boot = await bootId(sources?.root);
  // Where the count is lost but not the stream, seconds since 1970 lie above it, whatever it was.
  const lostCount = outbox.state().lastSeq > 0 ? Math.floor(Date.now() / 1_000) : 0;
  const counter = await openConnectionCounter(join(data, 'connection'), lostCount, log);
  const stream = () => outbox.state().stream;
  const store = () => outbox.storeId();
  const time = sources
    ? await openAgentTime({ path: join(data, 'boots.json'), boot, sources, stream, store, log, onState: onChange })
    : givenTime(clock, clockState);
  const monoMs = sources?.monoMs ?? monotonicMs;
  /** Runs as fast as the agent's clock, and never jumps. */
  const steadyMs = () => monoMs() * time.clock.speed;
  const now = (): Now => ({ ms: time.clock.now(), monoMs: steadyMs(), boot });
  return {
    outbox,
    boot,
    counter,
    time,
    monoMs,
    steadyMs,
    root: sources?.root ?? '/',
    runs: await openRuns(join(data, 'run.json'), { boot, version: agentVersion }, log),
    maintenance: await openMaintenance({ path: join(data, 'maintenance.json'), now, log, onChange }),
    orders: await openOrderBook(join(data, 'cadence.json'), now, log),
  };
}
