/** What is known of certificates: which were issued, which are revoked. One file a fact; files never change. */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { claimPrefix, isStationId, parserOf } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { factsIn, readIfThere, writeOnce } from './files.ts';
import { appendLedger } from './ledger.ts';
import { issuedFolder, revokedFolder } from './paths.ts';

const Time = Type.String();

const Issued = Type.Object({
  serial: Type.String(),
  /** The certificate's CN. */
  name: Type.String(),
  kind: Type.Enum(['device', 'claim', 'server']),
  issuedAt: Time,
  notAfter: Time,
  /** `operator`, `platform`, `claim:<name>`, or `station` for a renewal; `seen` for one from before this list. */
  by: Type.String(),
  /** The certificate that this one renews. */
  renews: Type.Optional(Type.String()),
  /** SHA-256 of the public key (SPKI). */
  keySha256: Type.String(),
  certificate: Type.String(),
});
export type IssuedRecord = Static<typeof Issued>;

const Revoked = Type.Object({
  serial: Type.String(),
  name: Type.String(),
  at: Time,
  reason: Type.String(),
  by: Type.String(),
  notAfter: Type.Optional(Time),
});
export type Revocation = Static<typeof Revoked>;

const parseIssued = parserOf(Issued);
const parseRevoked = parserOf(Revoked);

/** Serial numbers are compared as lower-case hex without leading zeros, however a tool writes them. */
export function serialOf(text: string): string {
  return text.toLowerCase().replace(/^0+(?=.)/, '');
}

export function keySha256Of(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** A certificate as this list keeps it. */
export function recordOf(
  certPem: string | Buffer,
  facts: Pick<IssuedRecord, 'by'> & { issuedAtMs?: number; renews?: string },
): IssuedRecord {
  const certificate = new X509Certificate(certPem);
  const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '';
  return {
    serial: serialOf(certificate.serialNumber),
    name,
    kind: kindOf(certificate, name),
    issuedAt: new Date(facts.issuedAtMs ?? certificate.validFromDate.getTime()).toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    by: facts.by,
    ...(facts.renews === undefined ? {} : { renews: facts.renews }),
    keySha256: keySha256Of(certificate.publicKey),
    certificate: certificate.toString(),
  };
}

const serverAuth = '1.3.6.1.5.5.7.3.1';

function kindOf(certificate: X509Certificate, name: string): IssuedRecord['kind'] {
  if (certificate.keyUsage?.includes(serverAuth)) return 'server';
  return name.startsWith(claimPrefix) || !isStationId(name) ? 'claim' : 'device';
}

export async function recordIssued(dir: string, record: IssuedRecord): Promise<void> {
  const path = join(issuedFolder(dir), `${record.serial}.json`);
  if (!(await writeOnce(path, `${JSON.stringify(record, null, 2)}\n`, 0o644))) return;
  const act = record.by === 'seen' ? 'adopt' : record.renews === undefined ? 'issue' : 'renew';
  await appendLedger(dir, { act, by: record.by, name: record.name, serial: record.serial }, Date.now());
}

/** False where it was revoked before. */
export async function recordRevoked(dir: string, revocation: Revocation): Promise<boolean> {
  const path = join(revokedFolder(dir), `${revocation.serial}.json`);
  if (!(await writeOnce(path, `${JSON.stringify(revocation, null, 2)}\n`, 0o644))) return false;
  const { name, serial, by, reason } = revocation;
  await appendLedger(dir, { act: 'revoke', by, name, serial, detail: reason }, Date.parse(revocation.at));
  return true;
}

export async function isRevokedIn(dir: string, serial: string): Promise<boolean> {
  return (await readIfThere(join(revokedFolder(dir), `${serial}.json`))) !== undefined;
}

export type Registry = {
  /** Reads what has come since the last time. */
  refresh(): Promise<void>;
  issued(): ReadonlyMap<string, IssuedRecord>;
  revoked(): ReadonlyMap<string, Revocation>;
  /** A station's, or a claim's by its CN, in the order of their issue. */
  of(name: string): readonly IssuedRecord[];
};

/** The list, in memory: only files that are new to it are read. */
export async function openRegistry(dir: string): Promise<Registry> {
  const issued = new Map<string, IssuedRecord>();
  const revoked = new Map<string, Revocation>();
  const byName = new Map<string, IssuedRecord[]>();

  async function refresh(): Promise<void> {
    for (const serial of await factsIn(revokedFolder(dir)))
      if (!revoked.has(serial)) revoked.set(serial, await readRevoked(dir, serial));
    for (const serial of await factsIn(issuedFolder(dir))) {
      if (issued.has(serial)) continue;
      const record = parsedJson(await readIfThere(join(issuedFolder(dir), `${serial}.json`)), parseIssued);
      // Somebody else may have read it meanwhile.
      if (record === undefined || issued.has(serial)) continue;
      issued.set(serial, record);
      const ofName = [...(byName.get(record.name) ?? []), record];
      byName.set(
        record.name,
        ofName.sort((a, b) => Date.parse(a.issuedAt) - Date.parse(b.issuedAt)),
      );
    }
  }
  await refresh();
  return { refresh, issued: () => issued, revoked: () => revoked, of: (name) => byName.get(name) ?? [] };
}

/**
 * When a certificate of that name is issued now: in any case after all others. The order of issue decides which one is
 * shut out by the other, and must not be turned round by a clock that was put back.
 */
export function issueTimeMs(registry: Pick<Registry, 'of'>, name: string, nowMs: number): number {
  const lastMs = Date.parse(registry.of(name).at(-1)?.issuedAt ?? '');
  return lastMs >= nowMs ? lastMs + 1 : nowMs;
}

/** The file's name is the revocation: one that cannot be read revokes all the same. */
async function readRevoked(dir: string, serial: string): Promise<Revocation> {
  const unread = { serial, name: 'unknown', at: new Date(0).toISOString(), reason: 'unspecified', by: 'unknown' };
  return parsedJson(await readIfThere(join(revokedFolder(dir), `${serial}.json`)), parseRevoked) ?? unread;
}

export function parsedJson<T>(
  text: string | undefined,
  parse: (input: unknown) => { ok: true; value: T } | { ok: false; reason: string },
): T | undefined {
  try {
    const read = parse(JSON.parse(text ?? 'null'));
    return read.ok ? read.value : undefined;
  } catch {
    return undefined;
  }
}
