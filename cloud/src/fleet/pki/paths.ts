/**
 * Where certificates lie in their folder:
 *
 *     ca/ca.crt  ca/ca.key
 *     server/server.crt  server/server.key
 *     devices/<station>/device.crt  device.key  ca.crt
 *     claims/<name>/claim.crt  claim.key  ca.crt
 *     crl/ca.crl  crl/ca.crl.pem
 *
 * and what is known of them, one file a fact, so that programs side by side never overwrite each other:
 *
 *     issued/<serial>.json    every certificate that was signed or seen
 *     revoked/<serial>.json   its being here is the revocation
 *     allowed/<station>/<id>.json  <id>.used.json
 *     ledger.jsonl            who did what and when, appended only
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

export function claimPaths(dir: string, name: string): { cert: string; key: string; ca: string } {
  const own = join(dir, 'claims', name);
  return { cert: join(own, 'claim.crt'), key: join(own, 'claim.key'), ca: join(own, 'ca.crt') };
}

export function crlPaths(dir: string): { der: string; pem: string } {
  return { der: join(dir, 'crl', 'ca.crl'), pem: join(dir, 'crl', 'ca.crl.pem') };
}

export const issuedFolder = (dir: string): string => join(dir, 'issued');
export const revokedFolder = (dir: string): string => join(dir, 'revoked');
export const allowedFolder = (dir: string, station: string): string => join(dir, 'allowed', station);
export const ledgerPath = (dir: string): string => join(dir, 'ledger.jsonl');
