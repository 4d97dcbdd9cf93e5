/**
 * The revocation list (RFC 5280 §5), made from the folder `revoked`: for tools and brokers that know no such folder,
 * and for platforms on another machine than the authority. Ours reads both.
 */
import 'reflect-metadata';
import { dirname } from 'node:path';
import * as x509 from '@peculiar/x509';
import { makeWritable } from '../../folders.ts';
import { bytesIfThere, writeAtomically } from './files.ts';
import { type Issued, importKey, signingAlgorithm } from './issue.ts';
import { crlPaths } from './paths.ts';
import { openRegistry, type Revocation, serialOf } from './registry.ts';

const dayMs = 86_400_000;
/** How long a list says that it holds; a new one is made at half of it. */
export const crlDays = 14;
/** An expired certificate is refused for that; its entry stays this much longer, for who looks back. */
const keptAfterExpiryMs = 30 * dayMs;

/** Clocks of programs side by side, and whole seconds in the list. */
const aheadMs = 60_000;

const crlNumberOid = '2.5.29.20';

export type Crl = {
  readonly serials: ReadonlySet<string>;
  readonly nextUpdateMs: number | null;
};

/** Reads a list; undefined where it is none, or not signed by this authority. */
export async function readCrl(bytes: Uint8Array, caPem: string): Promise<Crl | undefined> {
  try {
    const crl = new x509.X509Crl(Uint8Array.from(bytes).buffer);
    if (!(await crl.verify({ publicKey: new x509.X509Certificate(caPem) }))) return undefined;
    const serials = new Set(crl.entries.map(({ serialNumber }) => serialOf(serialNumber)));
    return { serials, nextUpdateMs: crl.nextUpdate?.getTime() ?? null };
  } catch {
    return undefined;
  }
}

/**
 * Writes the list anew where it lacks a revocation, is not of this authority or has passed half of its time. True if
 * it did. Programs side by side may do so at once: each looks again after it wrote.
 */
export async function refreshCrl(dir: string, ca: Issued, nowMs: number, always = false): Promise<boolean> {
  const registry = await openRegistry(dir);
  let wrote = false;
  for (let again = always; ; again = false) {
    await registry.refresh();
    const wanted = [...registry.revoked().values()].filter((one) => isListed(one, nowMs));
    if (!again && (await stands(dir, ca, wanted, nowMs))) return wrote;
    await writeCrl(dir, await makeCrl(ca, wanted, nowMs));
    wrote = true;
  }
}

function isListed({ notAfter }: Revocation, nowMs: number): boolean {
  return notAfter === undefined || nowMs < Date.parse(notAfter) + keptAfterExpiryMs;
}

async function stands(dir: string, ca: Issued, wanted: readonly Revocation[], nowMs: number): Promise<boolean> {
  const bytes = await bytesIfThere(crlPaths(dir).der);
  const crl = bytes === undefined ? undefined : await readCrl(bytes, ca.certPem);
  if (crl === undefined || crl.nextUpdateMs === null) return false;
  const leftMs = crl.nextUpdateMs - nowMs;
  // Further off than a list made now, it was made by a clock that was ahead: others find that it does not hold yet.
  const isOfNow = leftMs > (crlDays * dayMs) / 2 && leftMs <= crlDays * dayMs + aheadMs;
  return isOfNow && wanted.every(({ serial }) => crl.serials.has(serial));
}

async function makeCrl(ca: Issued, revoked: readonly Revocation[], nowMs: number): Promise<x509.X509Crl> {
  const authority = new x509.X509Certificate(ca.certPem);
  return x509.X509CrlGenerator.create({
    issuer: authority.subjectName,
    thisUpdate: new Date(nowMs),
    nextUpdate: new Date(nowMs + crlDays * dayMs),
    signingAlgorithm,
    signingKey: await importKey(ca.keyPem),
    entries: revoked.map(({ serial, at, reason }) => ({
      serialNumber: serial.padStart(serial.length + (serial.length % 2), '0'),
      revocationDate: new Date(at),
      reason: reasonCodes[reason] ?? x509.X509CrlReason.unspecified,
    })),
    extensions: [
      new x509.Extension(crlNumberOid, false, Uint8Array.from(derInteger(nowMs)).buffer),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
}

/** What our reasons are called in a list (RFC 5280 §5.3.1). */
const reasonCodes: Readonly<Record<string, x509.X509CrlReason>> = {
  stolen: x509.X509CrlReason.keyCompromise,
  superseded: x509.X509CrlReason.superseded,
  retired: x509.X509CrlReason.cessationOfOperation,
};

/** A whole number above 0 in DER. The list's number is the time of its making: it rises, also over a lost file. */
function derInteger(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const positive = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(2, positive.length), positive]);
}

async function writeCrl(dir: string, crl: x509.X509Crl): Promise<void> {
  const paths = crlPaths(dir);
  makeWritable(dirname(paths.der), 'mend its owner, or give another --dir');
  // The library's own PEM says 'BEGIN CRL', which OpenSSL does not read (RFC 7468 §6).
  await writeAtomically(paths.pem, `${x509.PemConverter.encode(crl.rawData, 'X509 CRL')}\n`, 0o644);
  await writeAtomically(paths.der, Buffer.from(crl.rawData), 0o644);
}
