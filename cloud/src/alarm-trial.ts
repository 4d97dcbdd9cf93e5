/**
 * The walk from a received batch to the alarm desk in one process, with the parts that the platform runs and no loop of
 * its own: whoever drives it says when time goes by. For benches and rehearsals of hundreds of hours.
 */
import type { Clock, Health, StationId, Works } from '@siaga/protocol';
import { createWorld } from './alarm-world.ts';
import { createAlarmDesk } from './alarms/create-desk.ts';
import type { AlarmDesk } from './alarms/desk.ts';
import { transitionKind } from './alarms/records.ts';
import type { FoundCondition, PlatformFacts } from './alarms/rule.ts';
import { createRuleSet } from './alarms/rules/index.ts';
import type { TransitionDraft } from './domain/alarm.ts';
import { platformError } from './errors.ts';
import { describeFaults, loadCatalogue } from './fleet/catalogue.ts';
import { createIngest } from './ingest/index.ts';
import { createHistory, createJudge } from './judging/index.ts';
import type { IncomingBatch, JournalLine } from './ports.ts';
import { openStore } from './store/index.ts';

export type { AlarmDesk } from './alarms/desk.ts';
export type { PlatformFacts } from './alarms/rule.ts';
export type { AlarmState } from './domain/alarm.ts';
export type { IncomingBatch } from './ports.ts';

export type AlarmTrialOptions = {
  /** Text of a catalogue. Throws `catalogue-invalid` with its faults. */
  readonly catalogue: string;
  readonly storeUrl: string;
  readonly clock: Clock;
  readonly platform?: () => Partial<PlatformFacts>;
  readonly works?: (station: StationId) => Works | null;
};

export type AlarmTrial = {
  readonly desk: AlarmDesk;
  /** Resolves when the batches are durable. */
  receive(batches: readonly IncomingBatch[]): Promise<void>;
  health(station: StationId, health: Health): Promise<void>;
  /** Judges, recomputes what changed of the past, and looks at everything. Returns what the rules found. */
  look(): Promise<readonly FoundCondition[]>;
  /** The whole record of what became of alarms and groups, oldest first. */
  record(): Promise<JournalLine<TransitionDraft>[]>;
  close(): Promise<void>;
};

/** Opens the store at `storeUrl` as a starting platform would: what was there before goes on. */
export async function startAlarmTrial(options: AlarmTrialOptions): Promise<AlarmTrial> {
  const { clock, storeUrl, platform = () => ({}), works = () => null } = options;
  const loaded = loadCatalogue(options.catalogue);
  if (!loaded.ok) throw platformError('catalogue-invalid', describeFaults(loaded.faults));
  const { catalogue } = loaded;
  const stores = openStore(storeUrl);
  const startedAtMs = clock.now();

  const ingest = createIngest({
    readings: stores.readings,
    quarantine: stores.quarantine,
    gaugesOf: catalogue.gaugesOf,
  });
  const judge = createJudge({ store: stores.judging, catalogue, clock });
  const history = createHistory({ store: stores.history, catalogue, clock });
  const rules = createRuleSet(catalogue);
  const desk = createAlarmDesk({
    state: stores.state,
    leases: stores.judging,
    clock,
    catalogue,
    rules,
    maintenance: (station) => judge.known().get(station)?.level.maintenance ?? false,
  });
  const world = createWorld({
    catalogue,
    clock,
    known: judge.known,
    fleet: stores.fleet,
    works,
    platform: () => ({
      startedAtMs,
      diskFreeBytes: null,
      diskFreePercent: null,
      watermarkMs: ingest.watermarkMs(),
      judgingLagS: null,
      troubles: [],
      channels: [],
      heartbeatFault: null,
      ...platform(),
    }),
    episodes: history.episodes,
    madeKnown: desk.madeKnown,
    devicesEveryMs: 0,
  });
  await judge.start();
  await history.start();
  await desk.start();

  return {
    desk,
    async receive(batches) {
      await Promise.all(batches.map((batch) => ingest.submit(batch)));
    },
    async health(station, health) {
      await stores.fleet.saveHealth(station, health, clock.now());
    },
    async look() {
      await judge.run();
      await judge.sweep();
      while (await history.turn());
      const found = rules.find(await world());
      await desk.take(found);
      return found;
    },
    async record() {
      const lines: JournalLine<TransitionDraft>[] = [];
      for (let before: number | undefined; ; before = lines.at(-1)?.no) {
        const page = await stores.state.journal(transitionKind, before === undefined ? {} : { before });
        if (page.length === 0) return lines.reverse();
        lines.push(...page);
      }
    },
    async close() {
      await ingest.close();
      await stores.close();
    },
  };
}
