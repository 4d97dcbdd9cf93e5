/** How every station stands with its certificate. */
import type { StationId } from '@siaga/protocol';
import { allowancesOf, isOpen } from './allowances.ts';
import type { IssuedRecord, Registry } from './registry.ts';

export type CertificateState = {
  readonly station: StationId;
  /** `none`: never issued here. `renew`: ends within 30 days, so that its device should have renewed it long ago. */
  readonly state: 'valid' | 'renew' | 'expired' | 'revoked' | 'none';
  /** Of the newest that is not revoked, else of the newest. */
  readonly serial: string | null;
  readonly issuedAtMs: number | null;
  readonly expiresAtMs: number | null;
  /** `operator`, `claim:<name>`, `station` (a renewal) or `seen`. */
  readonly by: string | null;
  /** Until when the station may ask for one by a claim; null: it may not. */
  readonly allowedUntilMs: number | null;
};

const renewWithinMs = 30 * 86_400_000;

export async function certificateState(
  dir: string,
  registry: Registry,
  station: StationId,
  nowMs: number,
  isRevoked = (serial: string) => registry.revoked().has(serial),
): Promise<CertificateState> {
  const all = registry.of(station);
  const good = all.filter(({ serial }) => !isRevoked(serial));
  const newest = good.at(-1) ?? all.at(-1);
  const leaves = (await allowancesOf(dir, station)).filter((one) => isOpen(one, nowMs));
  return {
    station,
    state: newest === undefined ? 'none' : good.length === 0 ? 'revoked' : lifeOf(newest, nowMs),
    serial: newest?.serial ?? null,
    issuedAtMs: newest === undefined ? null : Date.parse(newest.issuedAt),
    expiresAtMs: newest === undefined ? null : Date.parse(newest.notAfter),
    by: newest?.by ?? null,
    allowedUntilMs: leaves.length === 0 ? null : Math.max(...leaves.map(({ until }) => Date.parse(until))),
  };
}

function lifeOf({ notAfter }: IssuedRecord, nowMs: number): 'valid' | 'renew' | 'expired' {
  const leftMs = Date.parse(notAfter) - nowMs;
  if (leftMs <= 0) return 'expired';
  return leftMs < renewWithinMs ? 'renew' : 'valid';
}
