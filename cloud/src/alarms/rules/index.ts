/** The rules of a deployment: every rule of `list.ts` with the settings of the catalogue. */
import type { StationId } from '@siaga/protocol';
import { maintenanceUntilMs } from '../../fleet/maintenance.ts';
import type { CatalogueStation } from '../../fleet/station.ts';
import type {
  CommonSettings,
  Finding,
  FoundCondition,
  PlatformRule,
  Rule,
  RuleSet,
  RuleWorld,
  StationFacts,
  StationRule,
} from '../rule.ts';
import { type AlarmSettings, escalationOf, platformSettings, stationSettings } from '../settings.ts';
import { timeTeller } from '../words.ts';
import { rules } from './list.ts';

/** What rules are made from; a `Catalogue` is one. */
export type RuleSource = {
  readonly deployment: { readonly timeZone: string };
  readonly stations: readonly CatalogueStation[];
  readonly alarms: AlarmSettings;
};

const stationRules = rules.filter((rule): rule is StationRule => rule.scope === 'station');
const platformRules = rules.filter((rule): rule is PlatformRule => rule.scope === 'platform');

type InForce<R> = { readonly rule: R; readonly settings: CommonSettings };

/** The rules with their settings in force, worked out once. */
export function createRuleSet({ deployment, stations, alarms }: RuleSource): RuleSet {
  const teller = timeTeller(deployment.timeZone);
  const atStations = new Map<StationId, InForce<StationRule>[]>(
    stations.map((station) => [
      station.id,
      stationRules.map((rule) => ({ rule, settings: stationSettings(rule, alarms, station) })),
    ]),
  );
  const ofPlatform: InForce<PlatformRule>[] = platformRules.map((rule) => ({
    rule,
    settings: platformSettings(rule, alarms),
  }));

  function atStation(world: RuleWorld, facts: StationFacts): FoundCondition[] {
    const atWork = isAtWork(facts, world.nowMs);
    return (atStations.get(facts.station.id) ?? []).flatMap(({ rule, settings }) => {
      if (!settings.on) return [];
      const found = rule.find(world, facts, settings).map((finding) => withRule(finding, rule, settings));
      return atWork ? found.map((finding) => ({ ...finding, maintenance: true })) : found;
    });
  }

  return {
    find(world, only) {
      const seen: RuleWorld = {
        nowMs: world.nowMs,
        stations: world.stations,
        reaches: world.reaches,
        platform: world.platform,
        episodes: (station, fromMs) => world.episodes(station, fromMs),
        madeKnown: (station, fromMs) => world.madeKnown(station, fromMs),
        timeOfDay: (atMs) => teller(atMs, world.nowMs),
      };
      const looked = [...(only ?? world.stations.keys())].flatMap((id) => world.stations.get(id) ?? []);
      const found = looked.flatMap((facts) => atStation(seen, facts));
      if (only !== undefined) return found;
      return [
        ...found,
        ...ofPlatform.flatMap(({ rule, settings }) =>
          settings.on ? rule.find(seen, settings).map((finding) => withRule(finding, rule, settings)) : [],
        ),
      ];
    },
    covers: ({ station }, only) => only === undefined || (station !== null && only.has(station)),
    escalation: escalationOf(alarms),
    describe: () => [
      ...stationRules.map(({ name, list, about }, i) => ({
        rule: name,
        list,
        about,
        settings: Object.fromEntries([...atStations].map(([id, each]) => [id, each[i]?.settings])),
      })),
      ...ofPlatform.map(({ rule: { name, list, about }, settings }) => ({ rule: name, list, about, settings })),
    ],
  };
}

function withRule(finding: Finding, { name, list }: Rule, settings: CommonSettings): FoundCondition {
  return { ...finding, rule: name, list, settings };
}

/** A technician is at work: the readings say so, or the agent does. */
function isAtWork({ level, device }: StationFacts, nowMs: number): boolean {
  return level.maintenance || (maintenanceUntilMs(device) ?? 0) > nowMs;
}
