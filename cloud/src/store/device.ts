import type { About, Health, StationId } from '@siaga/protocol';
import type { Device } from '../ports.ts';

function unknownDevice(station: StationId): Device {
  return { station, connected: false, connection: 0, health: null, healthAtMs: null, about: null, aboutAtMs: null };
}

/**
 * A device after a health message. A last will that belongs to an older connection than the newest known one
 * changes nothing; nor does an older connection's health, unless it comes from another stream: a new outbox
 * counts its connections anew.
 */
export function withHealth(kept: Device | undefined, station: StationId, health: Health, atMs: number): Device {
  const device = kept ?? unknownDevice(station);
  if (health.state === 'offline')
    return health.connection < device.connection ? device : { ...device, connected: false };
  const sameStream = device.health?.state === 'online' && device.health.stream === health.stream;
  if (sameStream && health.connection < device.connection) return device;
  return { ...device, connected: true, connection: health.connection, health, healthAtMs: atMs };
}

export function withAbout(kept: Device | undefined, station: StationId, about: About, atMs: number): Device {
  return { ...(kept ?? unknownDevice(station)), about, aboutAtMs: atMs };
}
