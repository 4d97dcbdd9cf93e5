/**
 * Judges a broker's certificates where the device's clock cannot: everything but the dates as OpenSSL would, which
 * Node cannot ask it for; and of the dates, that some time from the earliest possible one on suits them all.
 * Stricter where it can afford to be: an extension that we do not know is refused if it is critical.
 */
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { BasicConstraintsExtension, X509Certificate as Parsed } from '@peculiar/x509';
import { messageOf } from '../errors.ts';
import { notSignedByCa } from './reasons.ts';

const serverAuth = '1.3.6.1.5.5.7.3.1';
const longestChain = 6;
/** Basic constraints, key usage, extended key usage, alternative names, policies. */
const known = new Set(['2.5.29.19', '2.5.29.15', '2.5.29.37', '2.5.29.17', '2.5.29.32']);

/** What is wrong with the peer's certificates, in words; null if nothing is. `ca`: one or several PEMs. */
export async function faultButDates(
  socket: TLSSocket,
  ca: Buffer,
  host: string,
  earliestMs: number,
): Promise<string | null> {
  const [leaf, ...between] = sentBy(socket);
  if (!leaf) return 'the broker showed no certificate';
  const identity = checkServerIdentity(host, socket.getPeerCertificate());
  if (identity) return `the broker's certificate is for another name than uplink.url says (${messageOf(identity)})`;
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.includes(serverAuth))
    return "the broker's certificate is not one for a server";
  const path = pathOf(leaf, between, anchorsOf(ca));
  if (path === null) return notSignedByCa;
  for (const [below, certificate] of path.entries()) {
    const fault = certificateFault(certificate, below);
    if (fault !== null) return fault;
  }
  return dateFault(path, earliestMs);
}

/** From the leaf to a trusted CA, each signed by the next. */
function pathOf(
  leaf: X509Certificate,
  between: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
): X509Certificate[] | null {
  const path = [leaf];
  for (let last = leaf; path.length < longestChain; ) {
    const signed = (issuer: X509Certificate) => last.checkIssued(issuer) && last.verify(issuer.publicKey);
    const anchor = anchors.find(signed);
    if (anchor) return [...path, anchor];
    const next = between.find((issuer) => !path.includes(issuer) && signed(issuer));
    if (!next) return null;
    path.push(next);
    last = next;
  }
  return null;
}

/** `below`: how many certificates of the path it vouches for; 0 for the broker's own. */
function certificateFault(certificate: X509Certificate, below: number): string | null {
  const { extensions } = new Parsed(certificate.raw);
  if (extensions.some(({ critical, type }) => critical && !known.has(type)))
    return `the broker's certificate chain has an extension that this device does not know (${certificate.subject})`;
  if (below === 0) return null;
  const limits = extensions.find((extension) => extension instanceof BasicConstraintsExtension);
  const tooLong = limits?.pathLength !== undefined && below - 1 > limits.pathLength;
  return certificate.ca && !tooLong ? null : `${certificate.subject} may not sign certificates of brokers`;
}

function dateFault(path: readonly X509Certificate[], earliestMs: number): string | null {
  const fromMs = Math.max(...path.map(({ validFrom }) => Date.parse(validFrom)));
  const toMs = Math.min(...path.map(({ validTo }) => Date.parse(validTo)));
  if (toMs < earliestMs)
    return `the broker's certificate expired on ${day(toMs)}, and it is ${day(earliestMs)} at the earliest`;
  return fromMs > toMs ? "the broker's certificate and its CA are never valid at the same time" : null;
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function anchorsOf(ca: Buffer): X509Certificate[] {
  const blocks = ca.toString().match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((pem) => new X509Certificate(pem));
}

/** The peer's certificates, its own first. */
function sentBy(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw && chain.length < longestChain) {
    chain.push(new X509Certificate(next.raw));
    const issuer: DetailedPeerCertificate | undefined = next.issuerCertificate;
    next = issuer === next ? undefined : issuer;
  }
  return chain;
}
