/** Worlds for tests of rules: a plausible station, of which a test says only what matters. */
import type { StationKind, StationValue, Works } from '@siaga/protocol';
import type { KnownEpisode } from '../../domain/episode.ts';
import { type FoldedReading, foldReading, levelOf, unjudged } from '../../domain/level.ts';
import { type Catalogue, siteAt } from '../../fleet/catalogue.ts';
import { catalogueFrom, catalogueText } from '../../fleet/testing.ts';
import type { Device } from '../../ports.ts';
import type { FoundCondition, KnownCrossing, PlatformFacts, StationFacts, World } from '../rule.ts';
import { createRuleSet } from './index.ts';

/** 19:00 in Jakarta. */
export const noonMs = Date.UTC(2026, 0, 10, 12);
export const minuteMs = 60_000;

/** A sample that has come in: stage in mm, minutes from noon. */
export type Sample = Partial<FoldedReading> & { readonly stageMm?: number; readonly atMin: number };

/** The station katulampa of the tests' catalogue: sensor at 4500 mm, limits at 810, 1510 and 2010 mm. */
const elevationMm = 4500;

export const wellPlatform: PlatformFacts = {
  startedAtMs: noonMs - 86_400_000,
  diskFreeBytes: 50_000_000_000,
  diskFreePercent: 60,
  watermarkMs: noonMs,
  judgingLagS: 0,
  troubles: [],
  channels: [],
  heartbeatFault: null,
};

export type Scene = {
  readonly nowMin: number;
  readonly samples?: readonly Sample[];
  readonly value?: Partial<StationValue>;
  readonly works?: Works | null;
  readonly device?: Device | null;
  readonly kind?: StationKind;
  readonly alarms?: string;
  /** How far the station's zero lies below the zero of the samples, as where stages are above the sea's. */
  readonly datumMm?: number;
  readonly platform?: Partial<PlatformFacts>;
  readonly episodes?: readonly KnownEpisode[];
  readonly madeKnown?: readonly KnownCrossing[];
};

/** What the rules find at katulampa, whose readings arrive half a second after they were taken. */
export function found(scene: Scene, rule?: string): FoundCondition[] {
  const catalogue = catalogueOf(scene);
  const world = worldOf(catalogue, scene);
  return createRuleSet(catalogue)
    .find(world)
    .filter((condition) => rule === undefined || condition.rule === rule);
}

export function catalogueOf({
  kind = 'river',
  alarms = '',
  datumMm = 0,
}: Pick<Scene, 'kind' | 'alarms' | 'datumMm'>): Catalogue {
  const raised = catalogueText.replace(
    /(fromMm|sensorElevationMm): (\d+)/g,
    (_, name, mm) => `${name}: ${Number(mm) + datumMm}`,
  );
  return catalogueFrom(`${raised.replace('kind: river', `kind: ${kind}`)}${alarms}`);
}

export function worldOf(catalogue: Catalogue, scene: Scene): World {
  const nowMs = noonMs + scene.nowMin * minuteMs;
  const facts = catalogue.stations.map((station): [string, StationFacts] => {
    const site = siteAt(station, nowMs);
    const readings = station.id === 'katulampa' ? (scene.samples ?? []).map(readingOf) : [];
    const judged = readings.reduce((state, reading) => foldReading(state, reading, site), unjudged);
    const newest = readings.at(-1);
    return [
      station.id,
      {
        station,
        bands: site.bands,
        judged,
        level: levelOf(judged, site, nowMs),
        value: newest === undefined ? null : { ...newestValue(newest), ...scene.value },
        device: station.id === 'katulampa' ? (scene.device ?? null) : null,
        works: station.id === 'katulampa' ? (scene.works ?? null) : null,
      },
    ];
  });
  return {
    nowMs,
    stations: new Map(facts),
    reaches: catalogue.reaches,
    platform: { ...wellPlatform, watermarkMs: nowMs, ...scene.platform },
    episodes: (station, fromMs) =>
      (scene.episodes ?? []).filter((e) => e.station === station && (e.untilMs ?? nowMs) >= fromMs),
    madeKnown: (station) => (station === 'katulampa' ? (scene.madeKnown ?? []) : []),
  };
}

function readingOf({ stageMm, atMin, ...differs }: Sample): FoldedReading {
  return {
    gauge: 'main',
    observedAtMs: noonMs + atMin * minuteMs,
    distanceMm: stageMm === undefined ? null : elevationMm - stageMm,
    echo: 'seen',
    flag: 1,
    clock: 'synced',
    intervalS: 60,
    maintenance: false,
    ...differs,
  };
}

function newestValue({ observedAtMs, distanceMm, flag, intervalS }: FoldedReading): StationValue {
  return {
    gauge: 'main',
    observedAt: new Date(observedAtMs).toISOString(),
    receivedAt: new Date(observedAtMs + 500).toISOString(),
    stageMm: distanceMm === null ? null : elevationMm - distanceMm,
    flag,
    trend: null,
    rateMmPer10Min: null,
    intervalS,
  };
}

/** One sample a minute at these stages, the last at minute 0. */
export function samples(...stagesMm: number[]): Sample[] {
  return stagesMm.map((stageMm, i) => ({ stageMm, atMin: i - stagesMm.length + 1 }));
}

/** An agent in good health. */
export const wellDevice: Device = {
  station: 'katulampa',
  connected: true,
  connection: 1,
  healthAtMs: noonMs,
  about: null,
  aboutAtMs: null,
  health: {
    v: 1,
    state: 'online',
    connection: 1,
    at: new Date(noonMs).toISOString(),
    boot: 'b-1',
    stream: 'aaaaaaaaaaaaaaaa',
    uptimeS: 1000,
    clock: 'synced',
    maintenanceUntil: null,
    backlog: { count: 0, oldestAt: null },
    batteryMv: 12_600,
    diskFreeBytes: 5_000_000_000,
    gauges: [],
  },
};
