/** Issues certificates: EC P-256 keys, ECDSA with SHA-256. Pure but for random numbers; files are in `folder.ts`. */
import 'reflect-metadata';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
export const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;

const dayMs = 86_400_000;
/** A device whose clock runs somewhat behind must still find the certificate valid. */
const backdatedMs = dayMs;

const validDays = { ca: 3653, server: 397, device: 730 } as const;
export const claimDays = 30;

/** A certificate with its private key, both PEM. */
export type Issued = { readonly certPem: string; readonly keyPem: string };

/** A self-signed authority that may sign servers and devices, but no further authority. */
export async function issueCa(commonName: string, nowMs: number): Promise<Issued> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: nameOf(commonName),
    ...validity(nowMs, validDays.ca),
    signingAlgorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return toPem(certificate, keys.privateKey);
}

/** A server's certificate for DNS names and IP addresses. */
export async function issueServer(ca: Issued, names: readonly string[], nowMs: number): Promise<Issued> {
  const alternatives = names.map((name) => ({ type: isIP(name) ? 'ip' : 'dns', value: name }) as const);
  return issueLeaf(ca, names[0] ?? 'localhost', validDays.server, nowMs, [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension([...alternatives]),
  ]);
}

/** A device's certificate: its common name is the station's id. */
export async function issueDevice(ca: Issued, station: string, nowMs: number): Promise<Issued> {
  return issueLeaf(ca, station, validDays.device, nowMs, [clientOnly()]);
}

/** A claim certificate: a client's, whose name the broker lets do nothing but ask for a certificate. */
export async function issueClaim(ca: Issued, commonName: string, days: number, nowMs: number): Promise<Issued> {
  return issueLeaf(ca, commonName, days, nowMs, [clientOnly()]);
}

/** A device's certificate for a key that the device made: PEM. */
export async function certifyDevice(
  ca: Issued,
  station: string,
  publicKey: x509.PublicKey,
  nowMs: number,
): Promise<string> {
  const certificate = await sign(ca, station, publicKey, validDays.device, nowMs, [clientOnly()]);
  return pemOf(certificate);
}

function clientOnly(): x509.Extension {
  return new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]);
}

async function issueLeaf(
  ca: Issued,
  commonName: string,
  days: number,
  nowMs: number,
  extensions: x509.Extension[],
): Promise<Issued> {
  const keys = await generateKeys();
  return toPem(await sign(ca, commonName, keys.publicKey, days, nowMs, extensions), keys.privateKey);
}

async function sign(
  ca: Issued,
  commonName: string,
  publicKey: CryptoKey | x509.PublicKey,
  days: number,
  nowMs: number,
  extensions: x509.Extension[],
): Promise<x509.X509Certificate> {
  const authority = new x509.X509Certificate(ca.certPem);
  return x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: nameOf(commonName),
    issuer: authority.subjectName,
    ...validity(nowMs, days, authority),
    signingAlgorithm,
    publicKey,
    signingKey: await importKey(ca.keyPem),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
      ...extensions,
    ],
  });
}

function nameOf(commonName: string): x509.Name {
  return new x509.Name([{ CN: [commonName] }]);
}

/** What an authority signs ends with it at the latest: its renewal shows no certificate that is valid by itself alone. */
function validity(nowMs: number, days: number, authority?: x509.X509Certificate): { notBefore: Date; notAfter: Date } {
  const endMs = Math.min(nowMs + days * dayMs, authority?.notAfter.getTime() ?? Number.POSITIVE_INFINITY);
  return { notBefore: new Date(nowMs - backdatedMs), notAfter: new Date(endMs) };
}

/** 127 random bits: positive in DER, and beyond guessing (CA/B Forum asks for at least 64). */
function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
}

export async function importKey(keyPem: string): Promise<CryptoKey> {
  const der = x509.PemConverter.decodeFirst(keyPem);
  return crypto.subtle.importKey('pkcs8', der, keyAlgorithm, false, ['sign']);
}

async function toPem(certificate: x509.X509Certificate, privateKey: CryptoKey): Promise<Issued> {
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', privateKey);
  return {
    certPem: pemOf(certificate),
    keyPem: `${x509.PemConverter.encode(pkcs8, x509.PemConverter.PrivateKeyTag)}\n`,
  };
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
