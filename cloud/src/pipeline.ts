/**
 * The walk of a message after the broker, as visible calls: ingest commits and acknowledges, a receipt tells
 * the device, the judge folds what is new, the stream tells everyone who watches. A crash anywhere after the
 * commit is healed by its dirty mark: the judge's ordinary path.
 */
import type { Clock, Snapshot, StaffPicture, StationId, StationValue } from '@siaga/protocol';
import { alarmLoop } from './alarm-loop.ts';
import { createWorld } from './alarm-world.ts';
import { createAlarmDesk } from './alarms/create-desk.ts';
import type { AlarmDesk } from './alarms/desk.ts';
import { isInReach } from './alarms/desk-queries.ts';
import type { PlatformFacts, RuleSet } from './alarms/rule.ts';
import { createRuleSet } from './alarms/rules/index.ts';
import { alarmToWire, drillToWire, groupToWire } from './alarms/wire.ts';
import type { StreamHub } from './api/stream-hub.ts';
import { createStreamHub } from './api/stream-hub.ts';
import type { DeviceMessage } from './broker/embedded.ts';
import { createIntake } from './broker/intake.ts';
import { isPlatformError } from './errors.ts';
import { maintenanceUntilMs } from './fleet/maintenance.ts';
import { type Declared, picture } from './fleet/picture.ts';
import type { StandingCatalogue } from './fleet/standing.ts';
import { createFleetCare, type FleetCare, type FleetCareOptions } from './fleet-care.ts';
import { historyLoop } from './history-loop.ts';
import { createIngest, createReceipts, type IngestOutcome } from './ingest/index.ts';
import { createHistory, createJudge, type History, type Judge, newestUncertain } from './judging/index.ts';
import { judgingLoop } from './judging-loop.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import type {
  ChangeLog,
  DeviceChannel,
  FleetStore,
  HistoryStore,
  JudgingStore,
  Quarantine,
  ReadingStore,
  StateStore,
} from './ports.ts';

export type PipelineOptions = {
  readonly stores: {
    readonly readings: ReadingStore;
    readonly judging: JudgingStore;
    readonly history: HistoryStore;
    readonly changes: ChangeLog;
    readonly quarantine: Quarantine;
    readonly fleet: FleetStore;
    readonly state: StateStore;
  };
  readonly catalogue: StandingCatalogue;
  /** What people declared of stations. */
  readonly declared: Declared;
  /** What is known of the box and of the ways to tell people, beside what the pipeline knows itself. */
  readonly box?: () => BoxFacts | undefined;
  readonly clock: Clock;
  readonly channel: DeviceChannel;
  /** How stations stand with their certificates; absent where none are kept here. */
  readonly certificates?: FleetCareOptions['certificates'];
  /** Whose connection stands now. */
  readonly connected: () => ReadonlySet<StationId>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly build: string;
  /** Another process has taken the store over: this one must end. */
  readonly onLost: (error: Error) => void;
};

export type BoxFacts = Pick<
  PlatformFacts,
  'diskFreeBytes' | 'diskFreePercent' | 'channels' | 'heartbeatFault' | 'troubles'
>;

const unknownBox: BoxFacts = {
  diskFreeBytes: null,
  diskFreePercent: null,
  channels: [],
  heartbeatFault: null,
  troubles: [],
};

/** Who asks for the staff's picture, and what only the people's room knows of it. */
export type Staff = Pick<StaffPicture, 'session' | 'people'>;

export type Pipeline = {
  /** Resolves when the message is durable. */
  receive(message: DeviceMessage): Promise<void>;
  readonly hub: StreamHub;
  readonly judge: Judge;
  /** Episodes: `episodes()` of late, from memory, and `between()` of any span. */
  readonly history: Pick<History, 'episodes' | 'between'>;
  readonly desk: AlarmDesk;
  readonly rules: RuleSet;
  readonly care: FleetCare;
  /** With `staff`, what these may see of alarms and drills. */
  snapshot(staff?: Staff | null): Snapshot;
  snapshotVersion(): string;
  /** When the newest message was committed, ms UTC by the platform's clock. */
  watermarkMs(): number | null;
  /** Why nothing can be kept or judged at present; empty when all is well. */
  troubles(): string[];
  /** Takes nothing more and ends what is under way. */
  close(): Promise<void>;
};

/** A step back of the clock that is worth a word. */
const clockSlackMs = 60_000;

export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { stores, catalogue, declared, clock, channel, metrics, log, build } = options;
  const iso = (ms: number) => new Date(ms).toISOString();
  let valuesTold = 0;
  const startedAtMs = clock.now();
  let judgingLagS: number | null = null;
  let storeTrouble: string | undefined;
  /** When the newest reading of earlier starts was received. */
  let keptMs = Number.NEGATIVE_INFINITY;

  const judge = createJudge({
    store: stores.judging,
    catalogue,
    clock,
    maintenanceUntilMs: (station) => maintenanceUntilMs(care.devices.of(station)),
    onJudged({ changes, values }) {
      valuesTold += values.length;
      hub.publish([], values);
      alarms.touch(values.map(({ id }) => id));
      alarms.touch(changes.flatMap((change) => (change.kind === 'station' ? [change.id] : [])));
    },
  });

  const history = createHistory({
    store: stores.history,
    catalogue,
    clock,
    onKnown: (stations) => alarms.touch(stations),
  });

  const care = createFleetCare({
    stores,
    catalogue,
    clock,
    channel,
    connected: options.connected,
    certificates: options.certificates ?? (async () => []),
    known: judge.known,
    async onRecalibrated(before, now, fromMs) {
      await history.recalibrate(now, fromMs);
      await judge.recalibrate(before, now);
      past.wake();
    },
    log,
  });

  const rules = createRuleSet(catalogue);
  const desk = createAlarmDesk({
    state: stores.state,
    leases: stores.judging,
    clock,
    catalogue,
    rules,
    maintenance: (station) => judge.known().get(station)?.level.maintenance ?? false,
  });
  const { box = () => unknownBox } = options;
  const world = createWorld({
    catalogue,
    clock,
    known: judge.known,
    fleet: { devices: async () => [...care.devices.all().values()] },
    works: declared.works,
    platform() {
      const facts = box() ?? unknownBox;
      const troubles = [...judgingTroubles(), ...facts.troubles];
      return { startedAtMs, watermarkMs: watermarkMs(), judgingLagS, ...facts, troubles };
    },
    episodes: history.episodes,
    madeKnown: desk.madeKnown,
  });
  const alarms = alarmLoop({
    rules,
    desk,
    world,
    onError(error) {
      log.error({ err: error }, 'the alarm desk failed');
      if (isPlatformError(error) && error.code === 'lease-lost') options.onLost(error);
    },
  });

  const hub = createStreamHub({
    changes: stores.changes,
    values: () => newestValues(judge),
    pulse: () => ({ serverTime: iso(clock.now()), speed: clock.speed, watermark: watermark(), build }),
    dropped: metrics.droppedStreamClient,
  });

  /**
   * Commits are told in order and in their own turn; who committed brings its memory up to date before the next turn,
   * so that between turns memory says what the numbers say.
   */
  const unwatch = stores.changes.watch((changes) => hub.publish(changes, []));

  const loop = judgingLoop({
    judge,
    onLag(seconds) {
      judgingLagS = seconds;
      metrics.judged(seconds);
    },
    onError(error) {
      log.error({ err: error }, 'judging failed');
      if (isPlatformError(error) && error.code === 'lease-lost') options.onLost(error);
    },
  });

  const past = historyLoop({
    history,
    onFolded: metrics.folded,
    onError(error) {
      log.error({ err: error }, 'folding history failed');
      if (isPlatformError(error) && error.code === 'lease-lost') options.onLost(error);
    },
  });

  const receipts = createReceipts({ readings: stores.readings, quarantine: stores.quarantine, channel, clock });

  const ingest = createIngest({
    readings: stores.readings,
    quarantine: stores.quarantine,
    gaugesOf: catalogue.gaugesOf,
    onCommit(outcomes, seconds) {
      storeTrouble = undefined;
      countOutcomes(metrics, outcomes, seconds);
      for (const outcome of outcomes) receipts.note(outcome);
      if (outcomes.every(({ stored }) => stored.length === 0)) return;
      loop.wake();
      past.wake();
    },
    onRetry(error) {
      if (storeTrouble === undefined) log.error({ err: error }, 'store cannot keep: acknowledgements withheld');
      storeTrouble = `store: ${error.message}`;
    },
  });

  const intake = createIntake({
    async readings(batch, { station, payload }, receivedAtMs) {
      const { stored } = await ingest.submit({ station, batch, receivedAtMs, payload });
      const { settled } = stores.readings.settled(station, batch.stream);
      const uncertain = newestUncertain({ station, batch, receivedAtMs }, stored, settled);
      if (uncertain !== undefined) judge.heard(uncertain);
    },
    async health(station, health, receivedAtMs) {
      await care.health(station, health, receivedAtMs);
      if (health.state === 'online') await receipts.announce(station, health.stream, health.connection);
    },
    about: care.about,
    quarantine: stores.quarantine,
    rejected(station, stream, sha256) {
      metrics.quarantined('malformed');
      const rejected = [{ reason: 'malformed', sha256, seqs: [] }] as const;
      receipts.note({ station, stream, rev: 0, stored: [], duplicates: [], rejected });
    },
    nowMs: clock.now,
  });

  /** What was committed before this start counts too. */
  function watermarkMs(): number | null {
    const newest = Math.max(keptMs, ingest.watermarkMs() ?? Number.NEGATIVE_INFINITY);
    return Number.isFinite(newest) ? newest : null;
  }

  function watermark(): string | null {
    const ms = watermarkMs();
    return ms === null ? null : iso(ms);
  }

  function clockTroubles(): string[] {
    const ms = watermarkMs();
    if (ms === null || clock.now() >= ms - clockSlackMs) return [];
    return [
      `clock: it stands at ${iso(clock.now())}, before ${iso(ms)}, when the newest message was kept; set it, or good readings are refused as time-ahead`,
    ];
  }

  function judgingTroubles(): string[] {
    return [...(storeTrouble === undefined ? [] : [storeTrouble]), ...loop.troubles(), ...clockTroubles()];
  }

  function staffPicture({ session, people }: Staff): StaffPicture {
    const { alarms: open, groups, drills } = desk.view();
    const inReach = <T extends { readonly drill: string | null }>(all: readonly T[]) =>
      all.filter((one) => isInReach(one, session.drill));
    return {
      session,
      people,
      alarms: inReach(open).map(alarmToWire),
      groups: inReach(groups).map(groupToWire),
      drills: drills.map(drillToWire),
    };
  }

  await care.start();
  await judge.start();
  await history.start();
  await desk.start();
  for (const { value } of newestValues(judge)) keptMs = Math.max(keptMs, Date.parse(value.receivedAt));
  loop.start();
  past.start();
  alarms.start();
  const neighbours = await care.lookAfterNeighbours(() => Promise.resolve(world()));

  return {
    receive(message) {
      metrics.message(message.kind);
      return intake(message);
    },
    hub,
    judge,
    history,
    desk,
    rules,
    care,
    snapshot(staff = null) {
      const nowMs = clock.now();
      return {
        epoch: stores.changes.epoch,
        seq: stores.changes.head(),
        serverTime: iso(nowMs),
        speed: clock.speed,
        watermark: watermark(),
        build,
        deployment: catalogue.deployment,
        stations: picture(catalogue, judge.known(), nowMs, declared),
        reaches: [...catalogue.reaches],
        basins: [...catalogue.basins],
        staff: staff === null ? null : staffPicture(staff),
      };
    },
    snapshotVersion: () =>
      [
        stores.changes.epoch,
        stores.readings.generation,
        stores.changes.head(),
        valuesTold,
        catalogue.limitsInForce(clock.now()),
        build,
      ].join('-'),
    watermarkMs,
    troubles: () => [...judgingTroubles(), ...past.troubles(), ...alarms.troubles()],
    async close() {
      await ingest.close();
      await loop.close();
      await past.close();
      await alarms.close();
      await neighbours.close();
      receipts.close();
      unwatch();
      hub.close();
    },
  };
}

function newestValues(judge: Judge): { id: StationId; value: StationValue }[] {
  return [...judge.known()].flatMap(([id, { value }]) => (value === null ? [] : [{ id, value }]));
}

function countOutcomes(metrics: Metrics, outcomes: readonly IngestOutcome[], seconds: number): void {
  let stored = 0;
  let duplicates = 0;
  for (const outcome of outcomes) {
    for (const [from, to] of outcome.stored) stored += to - from + 1;
    for (const [from, to] of outcome.duplicates) duplicates += to - from + 1;
    for (const { reason } of outcome.rejected) metrics.quarantined(reason);
  }
  metrics.stored(stored);
  metrics.duplicates(duplicates);
  metrics.commit(seconds, stored);
}
