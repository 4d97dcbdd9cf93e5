import type { Device } from '../ports.ts';

/**
 * However long a device says that it is under maintenance, its word holds so long after its last health: it repeats it
 * while somebody works there, and a box that was carried away must be missed some day.
 */
const longestMs = 12 * 3_600_000;

/**
 * Until when a technician is at work, as the device declares it; null where it does not. A device whose clock is not set
 * means so long from when it said so.
 */
export function maintenanceUntilMs(device: Pick<Device, 'health' | 'healthAtMs'> | null | undefined): number | null {
  if (device == null || device.healthAtMs === null || device.health?.state !== 'online') return null;
  const { maintenanceUntil, clock, at } = device.health;
  if (maintenanceUntil === null) return null;
  const aheadMs = clock === 'unsynced' ? device.healthAtMs - Date.parse(at) : 0;
  return Math.min(Date.parse(maintenanceUntil) + aheadMs, device.healthAtMs + longestMs);
}
