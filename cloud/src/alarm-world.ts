/** What the rules are shown: the judge's picture, the devices, what people entered, the box. */
import type { Band, Clock, StationId } from '@siaga/protocol';
import type { AlarmDesk } from './alarms/desk.ts';
import type { PlatformFacts, StationFacts, World } from './alarms/rule.ts';
import { bandsAt } from './domain/bands.ts';
import { levelOf, unjudged } from './domain/level.ts';
import { type Catalogue, type CatalogueStation, siteAt } from './fleet/catalogue.ts';
import type { Declared } from './fleet/picture.ts';
import type { Known } from './judging/judge.ts';
import type { Device, FleetStore } from './ports.ts';

export type WorldOptions = {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly known: () => ReadonlyMap<StationId, Known>;
  readonly fleet: Pick<FleetStore, 'devices'>;
  readonly works: Declared['works'];
  readonly platform: () => PlatformFacts;
  readonly episodes: World['episodes'];
  readonly madeKnown: AlarmDesk['madeKnown'];
  /** Devices tell of themselves each minute; to read them all more often than this serves nobody. Real ms. */
  readonly devicesEveryMs?: number;
};

/** Makes the world of a moment. What has not changed since the last one is the same object. */
export function createWorld(options: WorldOptions): (stations?: ReadonlySet<StationId>) => Promise<World> {
  const { catalogue, clock, known, fleet, works, platform, episodes, madeKnown, devicesEveryMs = 5000 } = options;
  const facts = new Map<StationId, StationFacts>();
  let devices = new Map<StationId, Device>();
  let devicesReadAtMs = Number.NEGATIVE_INFINITY;
  let limits = -2;

  async function readDevices(): Promise<void> {
    if (performance.now() - devicesReadAtMs < devicesEveryMs) return;
    devicesReadAtMs = performance.now();
    devices = new Map((await fleet.devices()).map((device) => [device.station, device]));
  }

  function factsOf(station: CatalogueStation, nowMs: number, bands: readonly Band[] | undefined): StationFacts {
    const now = known().get(station.id);
    return {
      station,
      bands: bands ?? bandsAt(station.thresholds, station.normalLabel, nowMs),
      judged: now?.judged ?? unjudged,
      level: now?.level ?? levelOf(unjudged, siteAt(station, nowMs), nowMs),
      value: now?.value ?? null,
      device: devices.get(station.id) ?? null,
      works: works(station.id),
    };
  }

  return async (stations) => {
    if (stations === undefined) await readDevices();
    const nowMs = clock.now();
    const inForce = catalogue.limitsInForce(nowMs);
    const isSameLimits = inForce === limits;
    limits = inForce;
    for (const station of catalogue.stations) {
      const before = facts.get(station.id);
      if (before !== undefined && isSameLimits && isCurrent(before, known().get(station.id), station)) continue;
      facts.set(station.id, factsOf(station, nowMs, isSameLimits ? before?.bands : undefined));
    }
    return { nowMs, stations: facts, reaches: catalogue.reaches, platform: platform(), episodes, madeKnown };
  };

  function isCurrent(before: StationFacts, now: Known | undefined, station: CatalogueStation): boolean {
    const { id } = station;
    return (
      before.station === station &&
      before.level === now?.level &&
      before.judged === now.judged &&
      before.value === now.value &&
      before.device === (devices.get(id) ?? null) &&
      before.works === works(id)
    );
  }
}
