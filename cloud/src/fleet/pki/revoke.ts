import { claimPrefix, isStationId } from '@siaga/protocol';
import { platformError } from '../../errors.ts';
import { withdraw } from './allowances.ts';
import { type IssuedRecord, openRegistry, recordRevoked, serialOf } from './registry.ts';

export const revokeReasons = ['stolen', 'retired', 'superseded', 'unspecified'] as const;
export type RevokeReason = (typeof revokeReasons)[number];

export type RevokeOutcome = { readonly revoked: readonly IssuedRecord[]; readonly withdrawn: number };

/**
 * Revokes all certificates of a station or a claim (`claim:depot`), or one by its serial number, and takes back what
 * a station may still use. Throws `pki-unknown` where there is nothing of that name.
 */
export async function revokeIn(
  dir: string,
  what: string,
  options: { readonly reason: RevokeReason; readonly by: string },
  nowMs = Date.now(),
): Promise<RevokeOutcome> {
  const registry = await openRegistry(dir);
  // First the leave, then what it was used for: a device that asks at this moment gets nothing past us.
  const withdrawn = isStationId(what) ? await withdraw(dir, what, options.by, nowMs) : 0;
  await registry.refresh();
  const one = /^[0-9a-f:]{2,}$/i.test(what) ? registry.issued().get(serialOf(what.replaceAll(':', ''))) : undefined;
  const meant = one === undefined ? registry.of(what).filter(({ kind }) => kind !== 'server') : [one];
  if (one?.kind === 'server')
    throw platformError(
      'pki-unknown',
      `${what} is the server's: devices read no list; issue another with \`siaga pki renew server\`.`,
    );
  if (meant.length === 0 && withdrawn === 0)
    throw platformError(
      'pki-unknown',
      `${what}: no certificate of that station, claim (${claimPrefix}NAME) or serial number; \`siaga pki list --all\` shows every one.`,
    );
  const revoked: IssuedRecord[] = [];
  const done = new Set<string>();
  for (let left = meant; left.length > 0; ) {
    for (const record of left) {
      done.add(record.serial);
      if (await revoke(dir, record, options, nowMs)) revoked.push(record);
    }
    // One that was renewed while we were at it.
    await registry.refresh();
    left =
      one === undefined ? registry.of(what).filter(({ kind, serial }) => kind !== 'server' && !done.has(serial)) : [];
  }
  return { revoked, withdrawn };
}

/** False where it was revoked before. */
export async function revoke(
  dir: string,
  { serial, name, notAfter }: IssuedRecord,
  { reason, by }: { readonly reason: RevokeReason; readonly by: string },
  nowMs = Date.now(),
): Promise<boolean> {
  return recordRevoked(dir, { serial, name, at: new Date(nowMs).toISOString(), reason, by, notAfter });
}
