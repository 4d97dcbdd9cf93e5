/** What is known of every device, in memory as it is kept; and what only their last health messages together can tell. */
import type { About, Health, StationId } from '@siaga/protocol';
import type { Device, FleetStore } from '../ports.ts';

/** What led here, since this start of the platform at the earliest. */
export type DeviceTrail = {
  /** Unsent readings as the last health messages told, oldest first. */
  readonly backlogs: readonly { readonly atMs: number; readonly count: number }[];
  /** The device's starts as it counts them, by when each number was first heard; of the last day. */
  readonly starts: readonly { readonly atMs: number; readonly number: number }[];
  /** Whether it declares maintenance, and since when every health message has said the same. */
  readonly maintenance: DeclaredMaintenance | null;
};

type DeclaredMaintenance = {
  readonly declared: boolean;
  readonly sinceMs: number;
  /** Since when it had been declared that ended at `sinceMs`. */
  readonly beforeMs?: number;
};

export const noTrail: DeviceTrail = { backlogs: [], starts: [], maintenance: null };

export type Devices = {
  /** Learns what the store keeps. Once, before anything else. */
  start(): Promise<void>;
  all(): ReadonlyMap<StationId, Device>;
  of(station: StationId): Device | null;
  trail(station: StationId): DeviceTrail;
  /** Keeps what a device says; resolves when it is durable. */
  health(station: StationId, health: Health, receivedAtMs: number): Promise<Device>;
  about(station: StationId, about: About, receivedAtMs: number): Promise<Device>;
};

const dayMs = 86_400_000;
const backlogsKept = 4;
/** Maintenance that is declared again within this never ended. */
const pauseMs = 3_600_000;
/** One that restarts more often in a day needs somebody however often it is. */
const startsKept = 300;

/** A trail with one more health message. */
export function trailAfter(trail: DeviceTrail, health: Health, atMs: number): DeviceTrail {
  if (health.state === 'offline') return trail;
  const { backlog, start, maintenanceUntil } = health;
  const declared = maintenanceUntil !== null;
  const isNewStart = start !== undefined && start.number !== trail.starts.at(-1)?.number;
  return {
    backlogs: [...trail.backlogs, { atMs, count: backlog.count }].slice(-backlogsKept),
    starts: [...trail.starts, ...(isNewStart ? [{ atMs, number: start.number }] : [])]
      .filter((each, i, all) => each.atMs > atMs - dayMs || i === all.length - 1)
      .slice(-startsKept),
    maintenance: maintenanceAfter(trail.maintenance, declared, atMs),
  };
}

function maintenanceAfter(before: DeclaredMaintenance | null, declared: boolean, atMs: number): DeclaredMaintenance {
  if (before === null) return { declared, sinceMs: atMs };
  if (before.declared === declared) return before;
  if (before.declared) return { declared, sinceMs: atMs, beforeMs: before.sinceMs };
  const goesOn = before.beforeMs !== undefined && atMs - before.sinceMs < pauseMs;
  return { declared, sinceMs: goesOn ? before.beforeMs : atMs };
}

export function createDevices(store: FleetStore): Devices {
  const devices = new Map<StationId, Device>();
  const trails = new Map<StationId, DeviceTrail>();

  function keep(device: Device): Device {
    devices.set(device.station, device);
    return device;
  }

  return {
    async start() {
      for (const device of await store.devices()) {
        keep(device);
        const { station, health, healthAtMs } = device;
        if (health !== null && healthAtMs !== null) trails.set(station, trailAfter(noTrail, health, healthAtMs));
      }
    },
    all: () => devices,
    of: (station) => devices.get(station) ?? null,
    trail: (station) => trails.get(station) ?? noTrail,
    async health(station, health, receivedAtMs) {
      const device = keep(await store.saveHealth(station, health, receivedAtMs));
      // An older connection's word changes nothing.
      if (device.healthAtMs === receivedAtMs)
        trails.set(station, trailAfter(trails.get(station) ?? noTrail, health, receivedAtMs));
      return device;
    },
    about: async (station, about, receivedAtMs) => keep(await store.saveAbout(station, about, receivedAtMs)),
  };
}
