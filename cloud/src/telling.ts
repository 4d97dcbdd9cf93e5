/** The rooms that tell people and watch the box, wired: duty, dispatch, channels, heartbeat. */
import type { ChannelState, Clock } from '@siaga/protocol';
import { createDispatcher, type Dispatcher } from './alarms/dispatch/dispatcher.ts';
import { type Channel, isTold, type Person, reachesOf } from './alarms/dispatch/person.ts';
import { notifierKinds, openNotifiers, webPushPublicKey } from './alarms/notify/index.ts';
import { readSettings } from './alarms/notify/settings.ts';
import type { World } from './alarms/rule.ts';
import type { Config } from './config.ts';
import { bandsAt } from './domain/bands.ts';
import { createDuty, type DutyRoom } from './duty/duty.ts';
import { platformError } from './errors.ts';
import type { Catalogue } from './fleet/catalogue.ts';
import type { Logger } from './log.ts';
import type { People } from './people/index.ts';
import { isRefusal } from './people/index.ts';
import type { BoxFacts, Pipeline } from './pipeline.ts';
import type { AuditLog, ChangeLog, JudgingStore, StateStore } from './ports.ts';
import { watchDisk } from './watch/disk.ts';
import { type Heartbeat, startHeartbeat } from './watch/heartbeat.ts';

export type Telling = {
  readonly duty: DutyRoom;
  readonly dispatcher: Dispatcher;
  /** What a browser needs to subscribe to web push; null while that is off. */
  readonly pushKey: string | null;
  /** What the rules are shown of the box. */
  box(): BoxFacts;
  /** Where the console was found to be, for links in messages, unless the settings say it. */
  consoleAt(origin: string): void;
  /** Begins to tell the watcher that all is well; once the servers listen. */
  beat(unready: () => Promise<string[]>): void;
  close(): Promise<void>;
};

export type TellingOptions = {
  readonly config: Pick<Config, 'notify' | 'heartbeat' | 'testHour' | 'dataDir' | 'origin'>;
  readonly stores: {
    readonly state: StateStore;
    readonly audit: AuditLog;
    readonly changes: ChangeLog;
    readonly judging: Pick<JudgingStore, 'takeLease'>;
  };
  readonly pipeline: Pick<Pipeline, 'desk' | 'rules' | 'judge'>;
  readonly episodes: World['episodes'];
  readonly people: People;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly version: string;
  readonly log: Logger;
};

/** Which process sends: another one that was started on the same store takes this over. */
const shard = 'dispatch';

/** Opens what the environment sets up; rejects with every fault of its settings. */
export async function startTelling(options: TellingOptions): Promise<Telling> {
  const { config, stores, pipeline, people, catalogue, clock, log } = options;
  const { deployment } = catalogue;
  const opened = openNotifiers(config.notify);
  if (opened.faults.length > 0) throw platformError('config-invalid', opened.faults.join('\n'));
  const channels = notifierKinds.map(
    ({ name, contact }): Channel => ({
      name,
      contact,
      notifier: opened.on.get(name) ?? null,
      why: whyOff(opened.off.find((one) => one.name === name)?.missing),
    }),
  );
  let origin = config.origin;
  let known: readonly Person[] = [];
  const refresh = async () => {
    known = await people.accounts.reachable();
  };
  await refresh();

  const { escalation } = pipeline.rules;
  const duty = createDuty({
    state: stores.state,
    clock,
    timeZone: deployment.timeZone,
    duties: [...new Set(escalation.flatMap(({ duties }) => duties))],
    exists: (id) => known.some((person) => person.id === id && isTold(person)),
    reachable: (id) =>
      known.some((person) => person.id === id && isTold(person) && reachesOf(person, channels).length > 0),
    refresh,
  });
  await duty.start();

  const dispatcher = createDispatcher({
    state: stores.state,
    clock,
    desk: pipeline.desk,
    people: () => known,
    refresh,
    onDuty: duty.onDuty,
    hasRoster: () => duty.roster().shifts.length > 0,
    escalation,
    channels,
    drills: () => pipeline.desk.view().drills,
    deployment,
    sight: {
      station(id) {
        const station = catalogue.station(id);
        const now = pipeline.judge.known().get(id);
        if (station === undefined || now === undefined) return undefined;
        const bands = bandsAt(station.thresholds, station.normalLabel, clock.now());
        return { name: station.name, bands, level: now.level, value: now.value };
      },
      episodes: options.episodes,
    },
    link: (alarm) => (origin === null || alarm === null ? origin : `${origin}/#alarm=${encodeURIComponent(alarm)}`),
    log,
    testHour: config.testHour,
    forget: (person, channel, address) => void forget(person, channel, address),
    lease: { shard, fence: await stores.judging.takeLease(shard) },
  });
  await dispatcher.start();
  // Who committed brings its memory up to date in the same turn: look in the next one.
  const unwatch = stores.changes.watch((changes) => {
    if (changes.some(({ kind }) => kind === 'group' || kind === 'alarm' || kind === 'drill'))
      setImmediate(dispatcher.wake);
  });

  async function forget(person: string, channel: string, address: string): Promise<void> {
    if (channels.find(({ name }) => name === channel)?.contact !== 'push') return;
    try {
      const { endpoint } = JSON.parse(address) as { endpoint: string };
      const done = await people.me.removePush(person, endpoint);
      if (isRefusal(done)) log.warn({ person }, 'a push subscription that ended is still kept');
    } catch (error) {
      log.warn({ err: error, person }, 'a push subscription that ended is still kept');
    }
  }

  const disk = watchDisk(config.dataDir);
  let heartbeat: Heartbeat | undefined;

  return {
    duty,
    dispatcher,
    pushKey: webPushPublicKey(config.notify),
    box: () => ({
      ...disk(),
      channels: dispatcher.channels(),
      heartbeatFault: heartbeat?.fault() ?? null,
      troubles: dispatcher.troubles(),
    }),
    consoleAt(found) {
      origin ??= found;
    },
    beat(unready) {
      if (config.heartbeat === null) return;
      heartbeat = startHeartbeat({
        settings: config.heartbeat,
        network: readSettings(config.notify).network(),
        audit: stores.audit,
        async look() {
          const amiss = [...(await unready()), ...mute(dispatcher.channels(), clock.now())];
          const count = (priority: string) =>
            pipeline.desk.view().alarms.filter((alarm) => alarm.priority === priority && alarm.drill === null).length;
          return {
            deployment: deployment.name.slice(0, 200),
            at: new Date(clock.now()).toISOString(),
            version: options.version,
            ready: amiss.length === 0,
            amiss: amiss.slice(0, 50).map((sentence) => sentence.slice(0, 500)),
            alarms: { high: count('high'), medium: count('medium'), low: count('low') },
          };
        },
        onFault: (fault) => log.warn({ fault }, 'the watcher cannot be told that all is well'),
      });
    },
    async close() {
      unwatch();
      await heartbeat?.close();
      await dispatcher.close();
      for (const notifier of opened.on.values()) await notifier.close();
    },
  };
}

/** Longer than a mail server's restart. */
const muteAfterMs = 15 * 60_000;

/**
 * When every channel has failed for long the watcher must speak in the platform's place: nobody else can be told that
 * nobody can be told.
 */
export function mute(channels: readonly ChannelState[], nowMs: number): string[] {
  const on = channels.filter((channel) => channel.on);
  const failing = on.every(
    ({ failingSince, lastSentAt }) =>
      failingSince !== null &&
      nowMs - Date.parse(failingSince) > muteAfterMs &&
      (lastSentAt === null || Date.parse(lastSentAt) < Date.parse(failingSince)),
  );
  return on.length > 0 && failing ? [`telling: every channel fails (${on.map(({ name }) => name).join(', ')})`] : [];
}

function whyOff(missing: readonly string[] | undefined): string | null {
  return missing === undefined ? null : `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set`;
}
