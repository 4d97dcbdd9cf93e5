import type { About, Health, StationId } from '@siaga/protocol';
import type { Device, FleetStore } from '../../ports.ts';
import { withAbout, withHealth } from '../device.ts';
import type { Database } from './database.ts';

type Row = {
  station: string;
  connected: number;
  connection: number;
  health: string | null;
  health_at_ms: number | null;
  about: string | null;
  about_at_ms: number | null;
};

/** Devices over one SQLite database. */
export function createFleetStore(database: Database): FleetStore {
  const { db } = database;
  const save = db.prepare(
    `INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET connected = excluded.connected, connection = excluded.connection,
       health = excluded.health, health_at_ms = excluded.health_at_ms,
       about = excluded.about, about_at_ms = excluded.about_at_ms`,
  );
  const find = db.prepare('SELECT * FROM device WHERE station = ?');
  const all = db.prepare('SELECT * FROM device ORDER BY station');

  function change(station: StationId, step: (kept: Device | undefined) => Device): Device {
    return database.transaction(() => {
      const row = find.get(station) as Row | undefined;
      const device = step(row && deviceOf(row));
      const { connected, connection, health, healthAtMs, about, aboutAtMs } = device;
      save.run(station, connected ? 1 : 0, connection, textOf(health), healthAtMs, textOf(about), aboutAtMs);
      return device;
    });
  }

  return {
    saveHealth: async (station, health, receivedAtMs) =>
      change(station, (kept) => withHealth(kept, station, health, receivedAtMs)),
    saveAbout: async (station, about, receivedAtMs) =>
      change(station, (kept) => withAbout(kept, station, about, receivedAtMs)),
    async devices() {
      return (all.all() as Row[]).map(deviceOf);
    },
  };
}

function deviceOf(row: Row): Device {
  return {
    station: row.station,
    connected: row.connected === 1,
    connection: row.connection,
    health: row.health === null ? null : (JSON.parse(row.health) as Health),
    healthAtMs: row.health_at_ms,
    about: row.about === null ? null : (JSON.parse(row.about) as About),
    aboutAtMs: row.about_at_ms,
  };
}

function textOf(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
