/** The parts that keep devices well, put together: what they say, what is asked of them, what technicians propose. */
import type { About, Clock, Health, StationId } from '@siaga/protocol';
import type { World } from './alarms/rule.ts';
import { type Calibrations, createCalibrations } from './fleet/calibrations.ts';
import { type Commands, createCommands } from './fleet/commands.ts';
import { createDevices, type Devices } from './fleet/devices.ts';
import { createOverview, type Overview } from './fleet/overview.ts';
import type { CertificateState } from './fleet/pki/states.ts';
import type { StandingCatalogue } from './fleet/standing.ts';
import type { CatalogueStation } from './fleet/station.ts';
import type { Judge } from './judging/index.ts';
import type { Logger } from './log.ts';
import { type NeighbourLoop, neighbourLoop } from './neighbour-loop.ts';
import type { DeviceChannel, FleetStore, JudgingStore, StateStore } from './ports.ts';

export type FleetCare = {
  readonly devices: Devices;
  readonly commands: Commands;
  readonly calibrations: Calibrations;
  readonly overview: Overview;
  /** Learns what is kept; the catalogue stands by it from then on. Before anything is judged. */
  start(): Promise<void>;
  health(station: StationId, health: Health, receivedAtMs: number): Promise<void>;
  about(station: StationId, about: About, receivedAtMs: number): Promise<void>;
  /** Begins to look after neighbours. Returns what ends it. */
  lookAfterNeighbours(world: () => Promise<World>): Promise<Pick<NeighbourLoop, 'close'>>;
};

export type FleetCareOptions = {
  readonly stores: { readonly fleet: FleetStore; readonly state: StateStore; readonly judging: JudgingStore };
  readonly catalogue: StandingCatalogue;
  readonly clock: Clock;
  readonly channel: DeviceChannel;
  readonly connected: () => ReadonlySet<StationId>;
  readonly certificates: (stations: readonly StationId[]) => Promise<readonly CertificateState[]>;
  readonly known: Judge['known'];
  readonly onRecalibrated: (before: CatalogueStation, now: CatalogueStation, fromMs: number) => Promise<void>;
  readonly log: Logger;
};

export function createFleetCare(options: FleetCareOptions): FleetCare {
  const { stores, catalogue, clock, channel, connected, known, log } = options;
  const { state } = stores;
  const devices = createDevices(stores.fleet);
  const commands = createCommands({
    state,
    clock,
    channel,
    connected: (station) => connected().has(station),
    knows: (station) => catalogue.station(station) !== undefined,
    onFailure: (station, error) => log.warn({ station, err: error }, 'command not handed on'),
  });
  const calibrations = createCalibrations({ state, clock, catalogue, onChanged: options.onRecalibrated });
  const overview = createOverview({
    catalogue,
    devices,
    calibrations,
    level: (station) => known().get(station)?.level ?? null,
    judging: stores.judging,
    connected,
    // The rest of the fleet is told all the same.
    certificates: (stations) =>
      options.certificates(stations).catch((error: unknown) => {
        log.warn({ err: error }, 'how certificates stand cannot be read');
        return [];
      }),
    clock,
  });

  /** What a device said is kept by then: a failure here must not have it say so again. */
  async function after(work: Promise<void>, what: string): Promise<void> {
    await work.catch((error: unknown) => log.error({ err: error }, what));
  }

  return {
    devices,
    commands,
    calibrations,
    overview,
    async start() {
      await devices.start();
      await commands.start();
      await calibrations.start();
    },
    async health(station, health, receivedAtMs) {
      await devices.health(station, health, receivedAtMs);
      await after(commands.heard(station, health), 'commands not looked after');
    },
    async about(station, about, receivedAtMs) {
      await devices.about(station, about, receivedAtMs);
      await after(calibrations.heard(station, about), 'calibrations not kept');
    },
    async lookAfterNeighbours(world) {
      const onError = (error: Error) => log.error({ err: error }, 'neighbours not looked after');
      const loop = neighbourLoop({ world, commands, state, onError });
      await loop.start();
      return loop;
    },
  };
}
