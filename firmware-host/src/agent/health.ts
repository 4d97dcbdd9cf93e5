/** What the agent tells of how it does. */
import {
  type ClockState,
  type CommandOutcome,
  countSeqs,
  type OnlineHealth,
  type SeqRanges,
  type StartReason,
} from '@siaga/protocol';
import type { Cadence } from '../cadence/cadence.ts';
import type { Gauge } from '../gauge.ts';
import type { Machine } from '../machine/machine.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { onlineHealth } from '../uplink/device.ts';
import { certificateEndMs } from './certificate.ts';
import { healthEveryMs, type ToldHealth } from './telling.ts';

export type HealthSources = {
  readonly outbox: Outbox;
  /** Numbers that wait for the link. */
  readonly waiting: () => SeqRanges;
  readonly gauges: readonly Gauge[];
  readonly boot: string;
  readonly start: { readonly number: number; readonly reason: StartReason };
  /** Real ms since this run began. */
  readonly uptimeMs: () => number;
  readonly nowMs: () => number;
  readonly connection: () => number;
  readonly clock: () => ClockState;
  readonly maintenanceUntilMs: () => number | null;
  readonly cadence: () => Cadence;
  readonly machine: () => Promise<Machine>;
  readonly certificate: string | undefined;
  readonly commands: () => CommandOutcome[];
};

export async function healthNow(sources: HealthSources): Promise<ToldHealth> {
  const { outbox, gauges, boot, start, nowMs } = sources;
  const { stream, notKept } = outbox.state();
  const waiting = sources.waiting();
  const [[oldest], machine, endMs] = await Promise.all([
    outbox.lease(waiting, 1),
    sources.machine(),
    certificateEndMs(sources.certificate),
  ]);
  const health: Omit<OnlineHealth, 'v' | 'state'> = {
    connection: sources.connection(),
    at: iso(nowMs()),
    boot,
    stream,
    uptimeS: Math.floor(sources.uptimeMs() / 1_000),
    clock: sources.clock(),
    maintenanceUntil: orNull(sources.maintenanceUntilMs()),
    backlog: { count: countSeqs(waiting), oldestAt: orNull(oldest?.reading.observedAtMs ?? null) },
    batteryMv: machine.batteryMv,
    diskFreeBytes: machine.diskFreeBytes,
    gauges: gauges.map((gauge) => gauge.health()),
    machine: machine.machine,
    start,
    cadence: sources.cadence(),
    notKept,
    certificateExpiresAt: orNull(endMs),
    commands: sources.commands(),
  };
  const isOld = oldest !== undefined && nowMs() - oldest.reading.observedAtMs > healthEveryMs;
  return { payload: onlineHealth(health), oldBacklog: isOld ? countSeqs(waiting) : 0 };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function orNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
