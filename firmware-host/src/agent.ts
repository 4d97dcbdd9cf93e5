/** Wires one station's agent together and ends it in order. Several may run in one process. */
import { join, resolve } from 'node:path';
import { type Calibration, countSeqs, realMs } from '@siaga/protocol';
import { calibrationsIn } from './agent/calibrations.ts';
import { openCommands } from './agent/commands.ts';
import { createControl } from './agent/control.ts';
import { endInOrder } from './agent/ending.ts';
import { eventBy } from './agent/event.ts';
import { healthNow } from './agent/health.ts';
import { createKeeping } from './agent/keeping.ts';
import { metered } from './agent/metered.ts';
import { noUplink } from './agent/no-uplink.ts';
import { obeying } from './agent/obeying.ts';
import type { Agent, AgentOptions, OpenRemote } from './agent/options.ts';
import { openParts } from './agent/parts.ts';
import { renewing } from './agent/renewing.ts';
import { type AgentStatus, noCounts, statusOf } from './agent/status.ts';
import { createTelling, type Telling } from './agent/telling.ts';
import { createVitals } from './agent/vitals.ts';
import { wireBytesOf } from './cadence/link-budget.ts';
import { createPacing } from './cadence/pacing.ts';
import type { UplinkConfig } from './config.ts';
import { serveControl } from './control/server.ts';
import { messageOf } from './errors.ts';
import { openGauge } from './gauge.ts';
import { batteryMv } from './machine/battery.ts';
import { readMachine } from './machine/machine.ts';
import { openQcMemory } from './readings/memory.ts';
import { openNodeSerial } from './serial/node-serial.ts';
import { aboutOf, offlineHealth } from './uplink/device.ts';
import { openUplink } from './uplink/index.ts';
import { createSender } from './uplink/sender.ts';
import type { Uplink } from './uplink/uplink.ts';
import { pause } from './wait.ts';

export type { Agent, AgentOptions } from './agent/options.ts';
export type { AgentStatus } from './agent/status.ts';

const lastWordsMs = 2_000;
const tickMs = 10_000;
const minuteMs = 60_000;
/** The platform's answer may tell the time: so many readings do not wait for their report. */
const mostUntimedAsked = 10;
/** What takes longer to end is left. */
const endMostMs = 10_000;

type Remote = Awaited<ReturnType<OpenRemote>>;

/** Starts an agent. Rejects with `data-folder-unusable`, `outbox-locked` or `outbox-unreadable`. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, onStored, openLink = openNodeSerial } = options;
  const { clock: givenClock, clockState, time: sources } = options;
  const log = options.log.child({ station: config.station });
  const data = resolve(config.data);
  const startedMs = performance.now();
  let untimedAsked = 0;
  let telling: Telling | null = null;
  let remote: Remote | null = null;
  const remoteKnown = Promise.withResolvers<Remote | null>();
  let calibrations: readonly Calibration[] = [];
  const changed = () => telling?.changed();
  const isEvent = eventBy({ cadence: config.cadence, gauge: config.gauges[0]?.gauge }, () => calibrations);
  const onChange = changed;
  const parts = await openParts({ config, data, clock: givenClock, clockState, time: sources, log, isEvent, onChange });
  const { outbox, boot, counter, time, maintenance, runs, monoMs, root } = parts;
  const { clock } = time;
  const commands = await openCommands({
    path: join(data, 'commands.json'),
    log,
    onChange: changed,
    obey: obeying({
      sender: () => sender,
      stream: () => outbox.state().stream,
      pacing: () => pacing,
      remote: remoteKnown.promise,
    }),
  });
  calibrations = await calibrationsIn(data, log);

  // What follows is made in one turn: none of it tells of anything before all of it is there.
  const pacing = createPacing({
    config: config.cadence ?? null,
    sampling: config.sampling,
    gauge: config.gauges[0]?.gauge ?? '',
    calibrations: () => calibrations,
    orders: parts.orders,
    nowMs: parts.steadyMs,
    setSampling: (sampling) => {
      for (const gauge of gauges) gauge.setSampling(sampling);
    },
    release: () => sender?.release(),
    onChange: changed,
    log,
  });
  const uplink = metered(config.uplink ? wayOut(config.uplink) : noUplink(), (bytes) =>
    pacing.wire(wireBytesOf(bytes)),
  );
  const sender = config.uplink
    ? createSender(outbox, uplink, log, {
        ...(time.corrections ? { corrections: time.corrections } : {}),
        onServerTime: (serverMs, sentMonoMs, receivedMonoMs) =>
          time.serverSaid({ serverMs, sentMonoMs, receivedMonoMs }),
      })
    : null;
  const renewal = renewing(config, { log, time, onChange: changed });
  const keeping = createKeeping(outbox, {
    log,
    monoMs,
    onKept(kept, urgent) {
      time.stored(kept);
      const asks = kept.reading.clock === 'unsynced' && untimedAsked++ < mostUntimedAsked;
      sender?.stored(kept, pacing.stored(kept, urgent || asks));
      control.reading(kept);
      onStored?.(kept.reading, kept.gauge);
    },
  });
  const gauges = config.gauges.map((gauge) =>
    openGauge(
      gauge,
      { ...config.sampling, intervalS: pacing.now().sampleS },
      {
        clock,
        openLink,
        stamp: () => ({ boot, maintenance: maintenance.isOn(), clock: time.state(), intervalS: pacing.now().reportS }),
        memory: openQcMemory(join(data, 'qc', `${gauge.gauge}.json`), { warn: (message) => log.warn(message) }),
      },
      {
        onDraft: (draft, { urgent }) => keeping.keep(time.stamped(draft), urgent),
        onChange(what) {
          if ('link' in what && what.link === 'closed')
            log.warn({ gauge: gauge.gauge, port: gauge.port, ...what }, 'serial line closed; trying again');
          else log.info({ gauge: gauge.gauge, ...what }, 'gauge');
          if ('link' in what) control.line(gauge.gauge, what);
          if ('identity' in what) telling?.about();
          changed();
        },
      },
    ),
  );
  const waiting = () => sender?.waiting() ?? outbox.state().unsettled;
  const health = () =>
    healthNow({
      outbox,
      waiting,
      gauges,
      boot,
      start: runs.start,
      uptimeMs: () => performance.now() - startedMs,
      nowMs: clock.now,
      connection: counter.last,
      clock: time.state,
      maintenanceUntilMs: maintenance.untilMs,
      cadence: pacing.now,
      machine: () => readMachine(root, data, config.machine ?? {}),
      certificate: config.uplink?.cert,
      commands: commands.outcomes,
    });
  const about = () => {
    const settings = remote?.inForce();
    return aboutOf(gauges, { calibrations: [...calibrations], ...(settings ? { settings: { ...settings } } : {}) });
  };
  telling = createTelling({ uplink, waiting: () => countSeqs(waiting()), log }, { about, health });
  const status = (): AgentStatus => ({
    ...(sender?.counts() ?? noCounts),
    ...statusOf(outbox, waiting(), gauges),
    ...keeping.counts(),
    station: config.station,
    connected: uplink.connected(),
    connection: counter.last(),
    reconnects: uplink.reconnects(),
  });
  const control = createControl({
    gauges,
    uplink,
    url: config.uplink?.url ?? null,
    maintenance,
    boot,
    startedAtMs: clock.now(),
    nowMs: clock.now,
    clock: time.state,
    cadence: pacing.now,
    status,
    oldestWaiting: async () => (await outbox.lease(waiting(), 1))[0]?.reading ?? null,
    healthPayload: async () => (await health()).payload,
    async calibrationsChanged() {
      calibrations = await calibrationsIn(data, log);
      telling?.about();
    },
    settings: () => ({ ...remote?.inForce() }),
  });

  function wayOut(way: UplinkConfig): Uplink {
    const { timing = {} } = options;
    const { next: nextConnection } = counter;
    const { eventful } = pacing;
    return openUplink(
      { station: config.station, config: way, nextConnection, willOf: offlineHealth, eventful, time, log, timing },
      {
        onConnected(connection) {
          log.info({ connection }, 'connected');
          telling?.about();
          telling?.health();
          sender?.connected();
          renewal.connected();
        },
        onDisconnected: () => sender?.disconnected(),
        onMessage(kind, payload) {
          pacing.wire(wireBytesOf(payload.byteLength));
          if (kind === 'command') commands.take(payload);
          if (kind !== 'receipt') return;
          sender?.receipt(payload);
          telling?.receiptCame();
        },
      },
    );
  }

  const ticks = setInterval(() => {
    pacing.tick();
    remote?.judge().catch((error) => log.warn({ err: messageOf(error) }, 'changes from afar not judged'));
  }, tickMs);
  const minutes = setInterval(() => {
    if (config.cadence?.battery) batteryMv(root, config.machine?.battery).then(pacing.battery);
  }, minuteMs);
  const server = await serveControl(data, control.handlers, log);
  const dueMs = () => realMs(clock, pacing.now().sampleS * 1_000);
  const evidence = () => ({
    sinceMs: performance.now() - startedMs,
    stored: keeping.counts().stored,
    dueMs: dueMs(),
    acks: sender?.counts().acks ?? 0,
  });
  remote =
    (await options.remote?.({ evidence, tell: commands.tell }).catch((error) => {
      log.warn({ err: messageOf(error) }, 'nothing can be changed from afar in this run');
      return null;
    })) ?? null;
  remoteKnown.resolve(remote);

  async function stopAll(): Promise<void> {
    clearInterval(ticks);
    clearInterval(minutes);
    telling?.stop();
    maintenance.stop();
    renewal.stop();
    uplink.leave();
    const lastWords = async () =>
      uplink.connected() && Promise.race([uplink.publish('health', offlineHealth(counter.last())), pause(lastWordsMs)]);
    await endInOrder(
      {
        'control socket': server.close,
        gauges: () => Promise.allSettled(gauges.map((gauge) => gauge.stop())),
        readings: keeping.settled,
        sender: () => sender?.drain(lastWordsMs),
        'last words': lastWords,
        uplink: uplink.close,
        receipts: () => sender?.stop(),
        time: time.close,
        run: () => runs.ends('ordered'),
        outbox: outbox.close,
      },
      { log, mostMs: endMostMs },
    );
    log.info('stopped');
  }
  let stopping: Promise<void> | null = null;

  return {
    status,
    vitals: createVitals(
      {
        frames: () => gauges.reduce((sum, gauge) => sum + gauge.status().frames, 0),
        lastStoreMonoMs: keeping.lastStoreMonoMs,
        storeRefusedMonoMs: keeping.storeRefusedMonoMs,
        sampleMs: dueMs,
      },
      monoMs,
    ),
    starving: () => void runs.ends('watchdog'),
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}
