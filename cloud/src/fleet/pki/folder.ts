/**
 * Fills the certificates' folder. Every step is idempotent: what is there and still good stays as it is. A key is written before its certificate, both by rename: where a certificate is, its key is too.
 */
import { X509Certificate } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { isStationId } from '@siaga/protocol';
import { platformError, systemCode } from '../../errors.ts';
import { makeWritable } from '../../folders.ts';
import { type Issued, issueCa, issueDevice, issueServer } from './issue.ts';
import { caPaths, devicePaths, serverPaths } from './paths.ts';

/** What a step did with one certificate. */
export type Outcome = { readonly path: string; readonly done: 'issued' | 'kept' | 'renewed' };

const alwaysNamed = ['localhost', '127.0.0.1', '::1'];
const renewBeforeMs = 30 * 86_400_000;

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
export async function issueServerIn(dir: string, names: readonly string[] = [], nowMs = Date.now()): Promise<Outcome> {
  for (const name of names)
    if (!/^[A-Za-z0-9_.:-]{1,253}$/.test(name))
      throw platformError('pki-name-invalid', `--name ${name}: is neither a DNS name nor an IP address`);
  const ca = await readCa(dir);
  const paths = serverPaths(dir);
  const wanted = [...new Set([...alwaysNamed, ...names])];
  return ensure(paths, ca, nowMs, {
    fits: (certificate) => wanted.every((name) => answersTo(certificate, name)),
    issue: () => issueServer(ca, wanted, nowMs),
  });
}

/** Issues a station's certificate, and lays the authority's beside it for the device. */
export async function issueDeviceIn(dir: string, station: string, nowMs = Date.now()): Promise<Outcome> {
  if (!isStationId(station))
    throw platformError(
      'pki-name-invalid',
      `${station}: is no station id (2 to 63 of a-z, 0-9 and -, not starting with -)`,
    );
  const ca = await readCa(dir);
  const paths = devicePaths(dir, station);
  const outcome = await ensure(paths, ca, nowMs, {
    fits: (certificate) => certificate.subject === `CN=${station}`,
    issue: () => issueDevice(ca, station, nowMs),
  });
  if ((await readIfThere(paths.ca)) !== ca.certPem) await writeAtomically(paths.ca, ca.certPem, 0o644);
  return outcome;
}

async function ensure(
  paths: { cert: string; key: string },
  ca: Issued,
  nowMs: number,
  leaf: { fits: (certificate: X509Certificate) => boolean; issue: () => Promise<Issued> },
): Promise<Outcome> {
  const [certPem, keyPem] = await Promise.all([readIfThere(paths.cert), readIfThere(paths.key)]);
  if (certPem !== undefined && keyPem !== undefined) {
    const certificate = new X509Certificate(certPem);
    const lasting = certificate.validToDate.getTime() - nowMs > renewBeforeMs;
    const ours = certificate.verify(new X509Certificate(ca.certPem).publicKey);
    if (lasting && ours && leaf.fits(certificate)) return { path: paths.cert, done: 'kept' };
  }
  await writePair(paths, await leaf.issue());
  return { path: paths.cert, done: certPem === undefined ? 'issued' : 'renewed' };
}

function answersTo(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
}

async function readCa(dir: string): Promise<Issued> {
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

async function writeAtomically(path: string, text: string, mode: number): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  const file = await open(part, 'w', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
