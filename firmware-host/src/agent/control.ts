/** What a person beside the device may ask this agent over its control socket. */
import type { ClockState, Reading } from '@siaga/protocol';
import type { Cadence } from '../cadence/cadence.ts';
import type { ControlHandlers, ControlStatus, Settings, TailEvent } from '../control/protocol.ts';
import { agentError } from '../errors.ts';
import type { Gauge, GaugeStatus } from '../gauge.ts';
import type { StoredReading } from '../outbox/outbox.ts';
import type { Uplink } from '../uplink/uplink.ts';
import { agentVersion } from '../version.ts';
import { monotonicMs } from '../wait.ts';
import type { Maintenance } from './maintenance.ts';
import type { AgentStatus } from './status.ts';

export type ControlSources = {
  readonly gauges: readonly Gauge[];
  readonly uplink: Uplink;
  /** The broker's address; null without an uplink. */
  readonly url: string | null;
  readonly maintenance: Maintenance;
  readonly boot: string;
  readonly startedAtMs: number;
  readonly nowMs: () => number;
  readonly clock: () => ClockState;
  readonly cadence: () => Cadence;
  readonly status: () => AgentStatus;
  readonly oldestWaiting: () => Promise<Reading | null>;
  readonly healthPayload: () => Promise<Uint8Array>;
  readonly calibrationsChanged: () => Promise<void>;
  readonly settings: () => Settings;
};

export type Control = {
  readonly handlers: ControlHandlers;
  /** Tells those who listen. */
  reading(kept: StoredReading): void;
  line(gauge: string, what: { link: 'open' | 'closed'; reason: string }): void;
};

export function createControl(sources: ControlSources): Control {
  const { gauges, uplink, maintenance, nowMs } = sources;
  const listeners = new Set<(event: TailEvent) => void>();
  const tell = (event: TailEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const gaugeOf = (name: string): Gauge => {
    const found = gauges.find(({ config }) => config.gauge === name);
    if (found) return found;
    const known = gauges.map(({ config }) => config.gauge).join(', ');
    throw agentError('control-refused', `gauge ${name}: this agent has none of that name, only ${known}`);
  };
  const taps = (send: (event: TailEvent) => void): (() => void) => {
    const ends = gauges.map((gauge) =>
      gauge.tap(({ atMs, bytes, decoded, badFrames, discardedBytes }) => {
        const hex = Buffer.from(bytes).toString('hex');
        send({
          event: 'heard',
          gauge: gauge.config.gauge,
          atMs,
          hex,
          decoded: [...decoded],
          badFrames,
          discardedBytes,
        });
      }),
    );
    return () => {
      for (const end of ends) end();
    };
  };

  return {
    reading({ gauge, maintenance: judged, reading }) {
      const { seq, observedAtMs, distanceMm, echo, spreadMm, validPercent, flag, test, clock } = reading;
      const said = { seq, observedAtMs, distanceMm, echo, spreadMm, validPercent, flag, test, clock };
      if (listeners.size > 0) tell({ event: 'reading', gauge, ...said, maintenance: judged });
    },
    line(gauge, { link, reason }) {
      if (listeners.size > 0)
        tell({ event: 'line', gauge, atMs: nowMs(), link, reason, problem: gaugeOf(gauge).status().problem });
    },
    handlers: {
      status: () => statusOf(sources),
      tail(send) {
        const end = taps(send);
        listeners.add(send);
        return () => {
          listeners.delete(send);
          end();
        };
      },
      maintenance: ({ untilMs, by }) => maintenance.set(untilMs, by),
      measure: async ({ gauge, pings }) => ({ gauge, ...(await gaugeOf(gauge).measure(pings)) }),
      calibrationsChanged: sources.calibrationsChanged,
      settings: sources.settings,
      async pingUplink() {
        const fromMs = monotonicMs();
        await uplink.publish('health', await sources.healthPayload());
        return monotonicMs() - fromMs;
      },
    },
  };
}

async function statusOf(sources: ControlSources): Promise<ControlStatus> {
  const { uplink, url, maintenance, boot } = sources;
  const { station, stream, lastSeq, stored, notStored, lost, backlog, ...status } = sources.status();
  const { connected, reconnects, publishes, acks, receipts } = status;
  return {
    station,
    pid: process.pid,
    version: agentVersion,
    startedAtMs: sources.startedAtMs,
    nowMs: sources.nowMs(),
    boot,
    clock: sources.clock(),
    stream,
    lastSeq,
    stored,
    notStored,
    lost,
    backlog,
    oldestWaitingAtMs: (await sources.oldestWaiting())?.observedAtMs ?? null,
    uplink: url === null ? null : { url, connected, reconnects, publishes, acks, receipts, reason: uplink.trouble() },
    maintenanceUntilMs: maintenance.untilMs(),
    cadence: sources.cadence(),
    gauges: sources.gauges.map((gauge) => gaugeStatus(gauge, gauge.status())),
  };
}

function gaugeStatus({ config }: Gauge, status: GaugeStatus): ControlStatus['gauges'][number] {
  const { gauge, link, problem, frames, badFrames, discardedBytes, bursts, reopens, lastFrameAtMs } = status;
  return {
    gauge,
    port: config.port,
    sensor: config.sensor,
    link,
    problem,
    frames,
    badFrames,
    discardedBytes,
    bursts,
    reopens,
    lastFrameAtMs,
    identity: [...status.identity],
    advice: [...status.advice],
  };
}
