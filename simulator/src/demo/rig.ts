import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GaugeConfig } from '@siaga/firmware-host';
import type { Clock, StationId } from '@siaga/protocol';
import { type CatalogueGauge, type CatalogueStation, distanceMmAt } from '../catalogue.ts';
import { type Fault, noise } from '../faults.ts';
import type { Hydrograph } from '../hydrograph.ts';
import type { Ledger } from '../ledger.ts';
import type { Scenario } from '../scenario.ts';
import { type SensorType, type SimulatedSensor, sensorNamed, typeFor, whyNoBursts } from '../sensors.ts';
import { type VirtualGauge, virtualGauge } from '../virtual-gauge.ts';
import { openVirtualTty, type VirtualTty } from '../virtual-tty.ts';
import { type Bookmark, openBookmark } from './bookmark.ts';
import { type DemoState, scenarioMsAt } from './state.ts';

const noiseSdMm = 2;
const spanStepMs = 5 * 60_000;

/** What a station of the demonstration will be made of; settled before anything is opened. */
export type StationPlan = {
  readonly station: StationId;
  readonly gauge: CatalogueGauge;
  readonly sensor: SimulatedSensor;
  readonly type: SensorType;
  readonly stageMm: Hydrograph;
};

/** One station of the demonstration: its tty, its gauge, its agent's folder. */
export type Rig = {
  readonly station: StationId;
  readonly dataDir: string;
  readonly tty: VirtualTty;
  readonly gaugeConfig: GaugeConfig;
  readonly bookmark: Bookmark;
  /** The gauge under that clock, with these faults beside its usual noise. */
  gaugeBy(clock: Clock, faults?: readonly Fault[]): VirtualGauge;
  /** What it sees at a moment of the demonstration's clock, in mm. */
  distanceMm(atMs: number): number;
  close(): Promise<void>;
};

/** Plans every station of the catalogue, or throws one sentence for the first that cannot be played. */
export function planStations(stations: readonly CatalogueStation[], scenario: Scenario): StationPlan[] {
  return stations.map((station) => {
    const stageMm = scenario.stations.get(station.id);
    if (stageMm === undefined) throw new Error(`station ${station.id}: the scenario ${scenario.name} does not know it`);
    // The catalogue's schema asks for one gauge at least; the first is the primary one.
    const gauge = station.gauges[0] as CatalogueGauge;
    const sensor = sensorNamed(gauge.model);
    const why = whyNoBursts(sensor);
    if (why !== undefined) throw new Error(`station ${station.id}: ${why}`);
    const [nearestMm, farthestMm] = distanceSpan(gauge, stageMm, scenario);
    const type = typeFor(sensor, nearestMm, farthestMm);
    if (type === undefined)
      throw new Error(
        `station ${station.id}: ${gauge.model} cannot see from ${nearestMm} to ${farthestMm} mm; mend its sensorElevationMm`,
      );
    return { station: station.id, gauge, sensor, type, stageMm };
  });
}

/** Nearest and farthest distance over one round of the scenario. */
function distanceSpan(gauge: CatalogueGauge, stageMm: Hydrograph, scenario: Scenario): [number, number] {
  const steps = Math.ceil(scenario.periodMs / spanStepMs);
  const distances = Array.from({ length: steps }, (_, i) => {
    const atMs = scenario.entryMs + i * spanStepMs;
    return Math.round(distanceMmAt(gauge, stageMm(atMs), atMs));
  });
  return [Math.min(...distances), Math.max(...distances)];
}

export type RigOptions = {
  readonly plan: StationPlan;
  readonly dataDir: string;
  readonly state: DemoState;
  readonly ledger: Ledger | undefined;
};

/** Opens a planned station's tty; `<dataDir>/tty/<station>` leads to it. */
export async function openRig({ plan, dataDir, state, ledger }: RigOptions): Promise<Rig> {
  const { station, gauge, sensor, type, stageMm } = plan;
  const folders = { tty: join(dataDir, 'tty'), bookmarks: join(dataDir, 'bookmarks') };
  await Promise.all(Object.values(folders).map((folder) => mkdir(folder, { recursive: true })));
  const bookmark = openBookmark(join(folders.bookmarks, station));
  const tty = await openVirtualTty({ link: join(folders.tty, station) });
  const usual = noise(noiseSdMm, station);
  return {
    station,
    dataDir: join(dataDir, 'agents', station),
    tty,
    gaugeConfig: sensor.configOf(gauge.id, tty.path, type),
    bookmark,
    gaugeBy: (clock, more = []) =>
      virtualGauge({
        station,
        gauge: gauge.id,
        sensor,
        type,
        tty,
        clock,
        faults: [usual, ...more],
        ...(ledger ? { ledger } : {}),
      }),
    distanceMm: (atMs) => distanceMmAt(gauge, stageMm(scenarioMsAt(state, atMs)), atMs),
    async close() {
      await tty.close();
      bookmark.close();
    },
  };
}
