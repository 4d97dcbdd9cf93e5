/**
 * Fills the certificates' folder. Every step is idempotent: what is there and still good stays as it is. A key is written before its certificate, both by rename: where a certificate is, its key is too.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { claimPrefix, isStationId } from '@siaga/protocol';
import { platformError } from '../../errors.ts';
import { makeWritable } from '../../folders.ts';
import { readIfThere, writeAtomically } from './files.ts';
import { claimDays, type Issued, issueCa, issueClaim, issueDevice, issueServer } from './issue.ts';
import { caPaths, claimPaths, devicePaths, serverPaths } from './paths.ts';
import { isRevokedIn, issueTimeMs, openRegistry, type Registry, recordIssued, recordOf, serialOf } from './registry.ts';

/** What a step did with one certificate. */
export type Outcome = { readonly path: string; readonly done: 'issued' | 'kept' | 'renewed' };

const alwaysNamed = ['localhost', '127.0.0.1', '::1'];
const dayMs = 86_400_000;
const renewBeforeMs = 30 * dayMs;

/** `always`: issue anew also what is there and good. `registry`: one that is open already, for who issues many. */
type Wish = { readonly always?: boolean; readonly registry?: Registry };

/** Makes the authority, unless there is one. Throws `pki-incomplete` where its key is lost. */
export async function initPki(dir: string, nowMs = Date.now()): Promise<Outcome> {
  const paths = caPaths(dir);
  const cert = await readIfThere(paths.cert);
  if (cert !== undefined) {
    await readCa(dir);
    return { path: paths.cert, done: 'kept' };
  }
  await writePair(paths, await issueCa('Siaga authority', nowMs));
  return { path: paths.cert, done: 'issued' };
}

/** Issues the server's certificate for localhost and `names`; again when names are missing or it soon expires. */
export async function issueServerIn(
  dir: string,
  names: readonly string[] = [],
  nowMs = Date.now(),
  wish: Wish = {},
): Promise<Outcome> {
  for (const name of names)
    if (!/^[A-Za-z0-9_.:-]{1,253}$/.test(name))
      throw platformError('pki-name-invalid', `--name ${name}: is neither a DNS name nor an IP address`);
  const ca = await readCa(dir);
  const paths = serverPaths(dir);
  const wanted = [...new Set([...alwaysNamed, ...names])];
  return ensure(dir, paths, ca, nowMs, {
    ...wish,
    fits: (certificate) => wanted.every((name) => answersTo(certificate, name)),
    issue: () => issueServer(ca, wanted, nowMs),
  });
}

/** Issues a station's certificate, and lays the authority's beside it for the device. */
export async function issueDeviceIn(
  dir: string,
  station: string,
  nowMs = Date.now(),
  wish: Wish = {},
): Promise<Outcome> {
  if (!isStationId(station))
    throw platformError(
      'pki-name-invalid',
      `${station}: is no station id (2 to 63 of a-z, 0-9 and -, not starting with -)`,
    );
  const ca = await readCa(dir);
  const paths = devicePaths(dir, station);
  const outcome = await ensure(dir, paths, ca, nowMs, {
    ...wish,
    fits: (certificate) => certificate.subject === `CN=${station}`,
    issue: () => issueDevice(ca, station, nowMs),
  });
  if ((await readIfThere(paths.ca)) !== ca.certPem) await writeAtomically(paths.ca, ca.certPem, 0o644);
  return outcome;
}

/** Issues a claim certificate: devices ask for theirs with it. Kept while it has a day left. */
export async function issueClaimIn(dir: string, name: string, days = claimDays, nowMs = Date.now()): Promise<Outcome> {
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name))
    throw platformError('pki-name-invalid', `${name}: a claim's name has up to 40 of a-z, 0-9 and -`);
  const ca = await readCa(dir);
  const paths = claimPaths(dir, name);
  const outcome = await ensure(dir, paths, ca, nowMs, {
    renewBeforeMs: dayMs,
    fits: (certificate) => certificate.subject === `CN=${claimPrefix}${name}`,
    issue: () => issueClaim(ca, `${claimPrefix}${name}`, days, nowMs),
  });
  if ((await readIfThere(paths.ca)) !== ca.certPem) await writeAtomically(paths.ca, ca.certPem, 0o644);
  return outcome;
}

/**
 * Issues the server's certificate again, for the same names, when it soon expires; null where there is none of ours, or
 * it lasts. One whose key does not fit is left to who may be writing it at this moment.
 */
export async function renewServerIn(dir: string, nowMs = Date.now(), wish: Wish = {}): Promise<Outcome | null> {
  const text = await readIfThere(serverPaths(dir).cert);
  const ca = await readCa(dir);
  if (text === undefined) return null;
  const certificate = new X509Certificate(text);
  if (!certificate.verify(new X509Certificate(ca.certPem).publicKey)) return null;
  if (!wish.always && isLasting(certificate, nowMs)) return null;
  return issueServerIn(dir, namesOf(certificate), nowMs, wish);
}

/** One that begins in the future was made by a clock that was ahead: it is good for nothing until then. */
function isLasting({ validFromDate, validToDate }: X509Certificate, nowMs: number, beforeMs = renewBeforeMs): boolean {
  return validFromDate.getTime() <= nowMs && validToDate.getTime() - nowMs > beforeMs;
}

/** `DNS:localhost, IP Address:127.0.0.1` */
function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  const names = [...subjectAltName.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, name]) => name as string);
  return names.map((name) => (isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name));
}

type Leaf = Wish & {
  readonly renewBeforeMs?: number;
  readonly fits: (certificate: X509Certificate) => boolean;
  readonly issue: () => Promise<Issued>;
};

async function ensure(
  dir: string,
  paths: { cert: string; key: string },
  ca: Issued,
  nowMs: number,
  leaf: Leaf,
): Promise<Outcome> {
  const [certPem, keyPem] = await Promise.all([readIfThere(paths.cert), readIfThere(paths.key)]);
  if (certPem !== undefined && keyPem !== undefined && !leaf.always) {
    const certificate = new X509Certificate(certPem);
    const lasting = isLasting(certificate, nowMs, leaf.renewBeforeMs);
    const ours = certificate.verify(new X509Certificate(ca.certPem).publicKey);
    const revoked = await isRevokedIn(dir, serialOf(certificate.serialNumber));
    if (lasting && ours && !revoked && isPair(certificate, keyPem) && leaf.fits(certificate)) {
      await recordIssued(dir, recordOf(certPem, { by: 'seen' }));
      return { path: paths.cert, done: 'kept' };
    }
  }
  const issued = await leaf.issue();
  const record = recordOf(issued.certPem, { by: 'operator' });
  const { registry = await openRegistry(dir) } = leaf;
  await registry.refresh();
  const issuedAtMs = issueTimeMs(registry, record.name, nowMs);
  await recordIssued(dir, { ...record, issuedAt: new Date(issuedAtMs).toISOString() });
  await writePair(paths, issued);
  return { path: paths.cert, done: certPem === undefined ? 'issued' : 'renewed' };
}

/** A power cut between the two files leaves a new key beside an old certificate. */
function isPair(certificate: X509Certificate, keyPem: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

function answersTo(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
}

/** The authority. Throws `certificates-missing` or `pki-incomplete`. */
export async function readCa(dir: string): Promise<Issued> {
  const paths = caPaths(dir);
  const [certPem, keyPem] = await Promise.all([readIfThere(paths.cert), readIfThere(paths.key)]);
  if (certPem === undefined)
    throw platformError(
      'certificates-missing',
      `No authority in ${dir}: make one with \`siaga pki init --dir ${dir}\`.`,
    );
  if (keyPem === undefined)
    throw platformError(
      'pki-incomplete',
      `${paths.key} is missing beside its certificate: restore it, or move ${dirname(paths.cert)} away to start anew.`,
    );
  return { certPem, keyPem };
}

async function writePair(paths: { cert: string; key: string }, issued: Issued): Promise<void> {
  makeWritable(dirname(paths.key), 'mend its owner, or give another --dir');
  await writeAtomically(paths.key, issued.keyPem, 0o600);
  await writeAtomically(paths.cert, issued.certPem, 0o644);
}
