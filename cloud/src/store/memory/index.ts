import { maxPayloadBytes, type StationId } from '@siaga/protocol';
import type { Device, FleetStore, Quarantine, Rejected } from '../../ports.ts';
import { withAbout, withHealth } from '../device.ts';
import { createAuditLog } from '../sqlite/audit-log.ts';
import { createChangeLog } from '../sqlite/change-log.ts';
import { openDatabase } from '../sqlite/database.ts';
import { createLeases } from '../sqlite/leases.ts';
import { createNumbered } from '../sqlite/numbered.ts';
import { createStateStore } from '../sqlite/state-store.ts';
import type { Stores } from '../stores.ts';
import { createMemoryHistoryStore } from './history-store.ts';
import { createMemoryJudgingStore } from './judging-store.ts';
import { createMemoryReadingStore, createMemoryReadings } from './reading-store.ts';

/** Opens stores that live in memory only: readings as plain lists, the relational state in a database without a file. */
export function openMemory(): Stores {
  const kept = createMemoryReadings();
  const database = openDatabase(':memory:');
  const numbered = createNumbered(database);
  const audit = createAuditLog(database);
  const shared = { leases: createLeases(database), numbered };
  return {
    readings: createMemoryReadingStore(kept),
    judging: createMemoryJudgingStore(kept, shared),
    history: createMemoryHistoryStore(kept, shared),
    changes: createChangeLog(database, numbered),
    quarantine: memoryQuarantine(),
    fleet: memoryFleet(),
    state: createStateStore(database, numbered, audit),
    audit,
    close: async () => database.close(),
  };
}

function memoryQuarantine(): Quarantine {
  const rejects = new Map<string, Rejected & { count: number }>();
  const newestFirst = () => [...rejects.values()].reverse().sort((a, b) => b.receivedAtMs - a.receivedAtMs);
  return {
    async put(all) {
      for (const rejected of all) {
        const key = `${rejected.station}/${rejected.reason}/${rejected.sha256}`;
        const count = (rejects.get(key)?.count ?? 0) + 1;
        rejects.delete(key);
        rejects.set(key, { ...rejected, payload: rejected.payload.slice(0, maxPayloadBytes), count });
      }
    },
    list: async (limit) =>
      newestFirst()
        .slice(0, limit)
        .map(({ payload: _, ...rest }) => rest),
    recent: async (station, sinceMs, limit) =>
      newestFirst()
        .filter((rejected) => rejected.station === station && rejected.receivedAtMs >= sinceMs)
        .slice(0, limit)
        .map(({ sha256, reason }) => ({ sha256, reason })),
    dropped: async () => [],
  };
}

function memoryFleet(): FleetStore {
  const devices = new Map<StationId, Device>();
  function keep(device: Device): Device {
    devices.set(device.station, device);
    return device;
  }
  return {
    saveHealth: async (station, health, receivedAtMs) =>
      keep(withHealth(devices.get(station), station, health, receivedAtMs)),
    saveAbout: async (station, about, receivedAtMs) =>
      keep(withAbout(devices.get(station), station, about, receivedAtMs)),
    devices: async () => [...devices.values()].sort((a, b) => (a.station < b.station ? -1 : 1)),
  };
}
