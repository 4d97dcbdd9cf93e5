/** Wires one station's agent together and ends it in order. Several may run in one process. */
import { join, resolve } from 'node:path';
import { type Clock, type ClockState, countSeqs, type Reading } from '@siaga/protocol';
import type { Logger } from 'pino';
import { bootId } from './agent/boot.ts';
import { createCommands } from './agent/commands.ts';
import { openConnectionCounter } from './agent/connection-counter.ts';
import { diskUnder, openOutbox } from './agent/folder.ts';
import { createKeeping } from './agent/keeping.ts';
import { noUplink } from './agent/no-uplink.ts';
import { type AgentStatus, noCounts, statusOf } from './agent/status.ts';
import { createTelling, healthEveryMs, type ToldHealth } from './agent/telling.ts';
import { createVitals } from './agent/vitals.ts';
import type { AgentConfig, UplinkConfig } from './config.ts';
import { openGauge } from './gauge.ts';
import type { OpenLink } from './serial/link.ts';
import { openNodeSerial } from './serial/node-serial.ts';
import type { Vitals } from './service/watchdog.ts';
import { aboutOf, offlineHealth, onlineHealth } from './uplink/device.ts';
import { openUplink } from './uplink/index.ts';
import { createSender, type Sender } from './uplink/sender.ts';
import type { Uplink, UplinkTiming } from './uplink/uplink.ts';
import { monotonicMs, pause } from './wait.ts';

export type { AgentStatus } from './agent/status.ts';

export type AgentOptions = {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after a reading has become durable. */
  readonly onStored?: (reading: Reading, gauge: string) => void;
  /** Opens serial lines; the kernel's ttys if not given. */
  readonly openLink?: OpenLink;
  /** How far the wall clock can be trusted now; `synced` if not given. */
  readonly clockState?: () => ClockState;
  readonly timing?: Partial<UplinkTiming>;
};

export type Agent = {
  status(): AgentStatus;
  /** Signs of life for a watchdog that asks now and then. */
  vitals(): Vitals;
  /** Stores and sends what is in hand, then closes lines, connection and files. May be called twice. */
  stop(): Promise<void>;
};

const lastWordsMs = 2_000;

/** Starts an agent. Rejects with `data-folder-unusable`, `outbox-locked` or `outbox-unreadable`. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, clock, onStored } = options;
  const log = options.log.child({ station: config.station });
  const data = resolve(config.data);
  const openLink = options.openLink ?? openNodeSerial;
  const boot = await bootId();
  const startedMs = performance.now();
  const outbox = await openOutbox(data, log);
  // Where the count is lost but not the stream, seconds since 1970 lie above it, whatever it was.
  const lostCount = outbox.state().lastSeq > 0 ? Math.floor(Date.now() / 1_000) : 0;
  const counter = await openConnectionCounter(join(data, 'connection'), lostCount, log).catch(async (error) => {
    await outbox.close();
    throw error;
  });
  const clockState = options.clockState ?? (() => 'synced' as const);
  const uplink = config.uplink ? uplinkOf(config.uplink) : noUplink();
  const sender: Sender | null = config.uplink ? createSender(outbox, uplink, log) : null;
  const telling = createTelling({ uplink, outbox, log }, { about: () => aboutOf(gauges), health: healthNow });
  const keeping = createKeeping(outbox, {
    log,
    monoMs: monotonicMs,
    onKept(kept) {
      sender?.stored(kept);
      onStored?.(kept.reading, kept.gauge);
    },
  });
  const commands = createCommands({
    log,
    obey(command) {
      if (command.act !== 'resend') return 'this agent cannot do it';
      return sender?.resend(command) ? null : `another stream than ${outbox.state().stream}`;
    },
  });

  const gauges = config.gauges.map((gauge) =>
    openGauge(
      gauge,
      config.sampling,
      { clock, openLink, stamp: () => ({ boot, maintenance: false, clock: clockState() }) },
      {
        onDraft: keeping.keep,
        onChange(what) {
          if ('link' in what && what.link === 'closed')
            log.warn({ gauge: gauge.gauge, port: gauge.port, ...what }, 'serial line closed; trying again');
          else log.info({ gauge: gauge.gauge, ...what }, 'gauge');
          if ('identity' in what) telling.about();
          telling.changed();
        },
      },
    ),
  );

  function uplinkOf(way: UplinkConfig): Uplink {
    const { station } = config;
    const { timing = {} } = options;
    return openUplink(
      { station, config: way, nextConnection: counter.next, willOf: offlineHealth, log, timing },
      {
        onConnected(connection) {
          log.info({ connection }, 'connected');
          telling.about();
          telling.health();
          sender?.connected();
        },
        onDisconnected: () => sender?.disconnected(),
        onMessage(kind, payload) {
          if (kind !== 'receipt') return commands.take(payload);
          sender?.receipt(payload);
          telling.receiptCame();
        },
      },
    );
  }

  async function healthNow(): Promise<ToldHealth> {
    const { stream, unsettled } = outbox.state();
    const [oldest] = await outbox.lease(unsettled, 1);
    const isOld = oldest !== undefined && clock.now() - oldest.reading.observedAtMs > healthEveryMs;
    const payload = onlineHealth({
      connection: counter.last(),
      at: new Date(clock.now()).toISOString(),
      boot,
      stream,
      uptimeS: Math.floor((performance.now() - startedMs) / 1_000),
      clock: clockState(),
      maintenanceUntil: null,
      backlog: {
        count: countSeqs(unsettled),
        oldestAt: oldest ? new Date(oldest.reading.observedAtMs).toISOString() : null,
      },
      batteryMv: null,
      diskFreeBytes: (await diskUnder(data))?.freeBytes ?? null,
      gauges: gauges.map((gauge) => gauge.health()),
    });
    return { payload, oldBacklog: isOld ? countSeqs(unsettled) : 0 };
  }

  async function stopAll(): Promise<void> {
    telling.stop();
    uplink.leave();
    await Promise.all(gauges.map((gauge) => gauge.stop()));
    await keeping.settled();
    await sender?.drain(lastWordsMs);
    if (uplink.connected())
      await Promise.race([uplink.publish('health', offlineHealth(counter.last())), pause(lastWordsMs)]).catch(
        () => undefined,
      );
    await uplink.close();
    await sender?.stop();
    await outbox.close();
    log.info('stopped');
  }
  let stopping: Promise<void> | null = null;

  return {
    status: () => ({
      ...(sender?.counts() ?? noCounts),
      ...statusOf(outbox, gauges),
      ...keeping.counts(),
      station: config.station,
      connected: uplink.connected(),
      connection: counter.last(),
      reconnects: uplink.reconnects(),
    }),
    vitals: createVitals(
      {
        frames: () => gauges.reduce((sum, gauge) => sum + gauge.status().frames, 0),
        lastStoreMonoMs: keeping.lastStoreMonoMs,
        storeRefusedMonoMs: keeping.storeRefusedMonoMs,
        sampleMs: () => config.sampling.intervalS * 1_000,
      },
      monotonicMs,
    ),
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}
