/**
 * Where certificates lie in their folder:
 *
 *     ca/ca.crt  ca/ca.key
 *     server/server.crt  server/server.key
 *     devices/<station>/device.crt  device.key  ca.crt
 */
import { join } from 'node:path';

export function caPaths(dir: string): { cert: string; key: string } {
  return { cert: join(dir, 'ca', 'ca.crt'), key: join(dir, 'ca', 'ca.key') };
}

export function serverPaths(dir: string): { cert: string; key: string } {
  return { cert: join(dir, 'server', 'server.crt'), key: join(dir, 'server', 'server.key') };
}

export function devicePaths(dir: string, station: string): { cert: string; key: string; ca: string } {
  const own = join(dir, 'devices', station);
  return { cert: join(own, 'device.crt'), key: join(own, 'device.key'), ca: join(own, 'ca.crt') };
}
