/** Wires one station's agent together and ends it in order. Several may run in one process. */
import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Clock, type ClockState, countSeqs, decodeCommand, type Reading } from '@siaga/protocol';
import type { Logger } from 'pino';
import type { AgentConfig, UplinkConfig } from './config.ts';
import { agentError, isAgentError, messageOf } from './errors.ts';
import { type Gauge, type GaugeStatus, openGauge } from './gauge.ts';
import { readIfThere, writeDurably } from './outbox/durable.ts';
import { openFileOutbox } from './outbox/file.ts';
import type { Draft, Outbox, StoredReading } from './outbox/outbox.ts';
import type { OpenLink } from './serial/link.ts';
import { openNodeSerial } from './serial/node-serial.ts';
import { aboutOf, offlineHealth, onlineHealth } from './uplink/device.ts';
import { createMqttUplink, type UplinkTiming } from './uplink/mqtt.ts';
import { createSender, type Sender, type SenderCounts } from './uplink/sender.ts';
import type { Uplink } from './uplink/uplink.ts';
import { pause } from './wait.ts';

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

export type AgentStatus = SenderCounts & {
  readonly station: string;
  readonly stream: string;
  readonly lastSeq: number;
  readonly connected: boolean;
  /** Number of the present or last connection, 0 before the first. */
  readonly connection: number;
  readonly reconnects: number;
  readonly frames: number;
  readonly badFrames: number;
  readonly discardedBytes: number;
  readonly bursts: number;
  /** Readings that became durable in this run, and those that the disk did not take. */
  readonly stored: number;
  readonly notStored: number;
  readonly settled: number;
  /** Held and not settled. */
  readonly backlog: number;
  readonly lost: number;
  readonly lastReading: StoredReading | null;
  readonly gauges: readonly GaugeStatus[];
};

export type Agent = {
  status(): AgentStatus;
  /** Stores and sends what is in hand, then closes lines, connection and files. May be called twice. */
  stop(): Promise<void>;
};

const healthEveryMs = 15 * 60_000;
const healthAfterChangeMs = 1_000;
/** A backlog that was told is told again when no more than this share of it waits: nobody need wait for the next beat. */
const backlogGone = 0.1;
const lastWordsMs = 2_000;
const commandsRemembered = 64;

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
  const counter = await openCounter(join(data, 'connection'), lostCount, log).catch(async (error) => {
    await outbox.close();
    throw error;
  });
  const pending = new Set<Promise<void>>();
  let stored = 0;
  let notStored = 0;
  let lastReading: StoredReading | null = null;
  let changed: NodeJS.Timeout | null = null;
  /** Readings that waited when health was told last, the oldest longer than until the next beat; 0 if none did. */
  let toldBacklog = 0;
  const done: string[] = [];

  const clockState = options.clockState ?? (() => 'synced' as const);
  const uplink = config.uplink ? openUplink(config.station, config.uplink) : noUplink();
  const sender: Sender | null = config.uplink ? createSender(outbox, uplink, log) : null;

  const keep = async (draft: Draft): Promise<void> => {
    const kept = await outbox.append(draft).catch((error) => {
      log.error({ err: messageOf(error) }, 'reading not stored');
      return null;
    });
    if (kept === null) {
      notStored++;
      return;
    }
    stored++;
    lastReading = kept;
    const { seq, observedAtMs, distanceMm } = kept.reading;
    log.debug({ stream: kept.stream, seq, observedAtMs, distanceMm }, 'stored');
    sender?.stored(kept);
    onStored?.(kept.reading, kept.gauge);
  };

  const gauges = config.gauges.map((gauge) =>
    openGauge(
      gauge,
      config.sampling,
      { clock, openLink, stamp: () => ({ boot, maintenance: false, clock: clockState() }) },
      {
        onDraft(draft) {
          const work = keep(draft).finally(() => pending.delete(work));
          pending.add(work);
        },
        onChange(what) {
          if ('link' in what && what.link === 'closed')
            log.warn({ gauge: gauge.gauge, port: gauge.port, ...what }, 'serial line closed; trying again');
          else log.info({ gauge: gauge.gauge, ...what }, 'gauge');
          if ('identity' in what) say('about', aboutOf(gauges));
          changed ??= setTimeout(sayHealth, healthAfterChangeMs);
        },
      },
    ),
  );

  function openUplink(station: string, { url, ca, cert, key, retryMostS }: UplinkConfig): Uplink {
    const timing = { ...(retryMostS ? { backOffMostMs: retryMostS * 1_000 } : {}), ...options.timing };
    return createMqttUplink(
      {
        url,
        station,
        credentials: { ca, cert, key },
        nextConnection: counter.next,
        willOf: offlineHealth,
        log,
        timing,
      },
      {
        onConnected(connection) {
          log.info({ connection }, 'connected');
          say('about', aboutOf(gauges));
          sayHealth();
          sender?.connected();
        },
        onDisconnected: () => sender?.disconnected(),
        onMessage(kind, payload) {
          if (kind !== 'receipt') return obey(payload);
          sender?.receipt(payload);
          if (toldBacklog > 0) changed ??= setTimeout(sayIfBacklogGone, healthAfterChangeMs);
        },
      },
    );
  }

  /** Health and about are told again at the next connection; a lost one needs no second attempt. */
  function say(kind: 'health' | 'about', payload: Uint8Array): void {
    if (uplink.connected())
      uplink.publish(kind, payload).catch((error) => log.debug({ kind, err: messageOf(error) }, 'not acknowledged'));
  }

  function sayHealth(): void {
    if (changed) clearTimeout(changed);
    changed = null;
    if (!uplink.connected()) return;
    healthNow().then(
      (payload) => say('health', payload),
      (error) => log.warn({ err: messageOf(error) }, 'no health to tell'),
    );
  }

  function sayIfBacklogGone(): void {
    changed = null;
    if (countSeqs(outbox.state().unsettled) <= toldBacklog * backlogGone) sayHealth();
  }

  async function healthNow(): Promise<Uint8Array> {
    const { stream, unsettled } = outbox.state();
    const [oldest] = await outbox.lease(unsettled, 1);
    const isOld = oldest !== undefined && clock.now() - oldest.reading.observedAtMs > healthEveryMs;
    toldBacklog = isOld ? countSeqs(unsettled) : 0;
    return onlineHealth({
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
      diskFreeBytes: await freeBytes(data),
      gauges: gauges.map((gauge) => gauge.health()),
    });
  }

  function obey(payload: Uint8Array): void {
    const command = decodeCommand(payload);
    if (!command.ok) {
      log.warn({ reason: command.reason }, 'command refused');
      return;
    }
    const { id, act } = command.value;
    if (done.includes(id)) return;
    done.push(id);
    done.splice(0, done.length - commandsRemembered);
    if (command.value.act !== 'resend') log.warn({ id, act }, 'command refused: this agent cannot do it');
    else if (sender?.resend(command.value)) log.info({ id, act }, 'command taken');
    else log.warn({ id, act, stream: command.value.stream }, 'command refused: another stream');
  }

  const beat = setInterval(sayHealth, healthEveryMs);

  async function stopAll(): Promise<void> {
    clearInterval(beat);
    toldBacklog = 0;
    if (changed) clearTimeout(changed);
    uplink.leave();
    await Promise.all(gauges.map((gauge) => gauge.stop()));
    await Promise.all(pending);
    await sender?.drain(lastWordsMs);
    if (uplink.connected())
      await Promise.race([uplink.publish('health', offlineHealth(counter.last())), pause(lastWordsMs)]).catch(
        () => undefined,
      );
    await uplink.close();
    await sender?.stop();
    if (changed) clearTimeout(changed);
    await outbox.close();
    log.info('stopped');
  }
  let stopping: Promise<void> | null = null;

  return {
    status: () => ({
      ...(sender?.counts() ?? noCounts),
      ...statusOf(outbox, gauges),
      station: config.station,
      connected: uplink.connected(),
      connection: counter.last(),
      reconnects: uplink.reconnects(),
      stored,
      notStored,
      lastReading,
    }),
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}

const noCounts: SenderCounts = { publishes: 0, acks: 0, receipts: 0, ignoredReceipts: 0, quarantined: 0, mints: 0 };

function statusOf(outbox: Outbox, gauges: readonly Gauge[]) {
  const { stream, lastSeq, settled, unsettled, lost } = outbox.state();
  const all = gauges.map((gauge) => gauge.status());
  const sum = (field: 'frames' | 'badFrames' | 'discardedBytes' | 'bursts') =>
    all.reduce((total, gauge) => total + gauge[field], 0);
  return {
    stream,
    lastSeq,
    settled: countSeqs(settled),
    backlog: countSeqs(unsettled),
    lost: countSeqs(lost),
    frames: sum('frames'),
    badFrames: sum('badFrames'),
    discardedBytes: sum('discardedBytes'),
    bursts: sum('bursts'),
    gauges: all,
  };
}

async function openOutbox(data: string, log: Logger): Promise<Outbox> {
  return openFileOutbox({
    folder: join(data, 'outbox'),
    warn: (details, message) => log.warn({ ...details }, `outbox: ${message}`),
  }).catch((error) => {
    throw isAgentError(error) ? error : unusable(data, error);
  });
}

/**
 * Counts connections over the life of the data folder, so that a late last will is known as late. Where the
 * disk takes no more, the number lives in memory: only a connection can make room again.
 */
async function openCounter(
  path: string,
  whenLost: number,
  log: Logger,
): Promise<{ next(): Promise<number>; last(): number }> {
  const text = await readIfThere(path).catch((error) => {
    throw unusable(path, error);
  });
  const count = Number(text ?? Number.NaN);
  let last = Number.isSafeInteger(count) && count > 0 ? count : whenLost;
  return {
    async next() {
      last++;
      await writeDurably(path, `${last}\n`).catch((error) =>
        log.warn({ connection: last, err: messageOf(error) }, 'number of the connection not saved'),
      );
      return last;
    },
    last: () => last,
  };
}

function unusable(path: string, error: unknown) {
  return agentError('data-folder-unusable', `data: cannot use ${path}: ${messageOf(error)}`, error);
}

/** The kernel's id of this boot; where there is none, one for this run. */
async function bootId(): Promise<string> {
  const text = await readIfThere('/proc/sys/kernel/random/boot_id').catch(() => null);
  return text?.trim() || randomUUID();
}

async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

function noUplink(): Uplink {
  return {
    connected: () => false,
    reconnects: () => 0,
    publish: () => Promise.reject(agentError('uplink-disconnected', 'this agent has no uplink')),
    leave: () => undefined,
    close: async () => undefined,
  };
}
