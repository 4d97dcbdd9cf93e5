/** Makes signing requests as devices do, and some as no device would. For tests. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export type MadeRequest = { readonly csr: string; readonly keyPem: string };

const p256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

export async function makeRequest(
  name: x509.JsonName | string,
  algorithm: EcKeyGenParams | RsaHashedKeyGenParams = p256,
): Promise<MadeRequest> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  return requestOf(keys, name, algorithm);
}

/** A request with one key, signed by another. */
export async function makeForgedRequest(station: string): Promise<MadeRequest> {
  const [own, other] = [await generate(), await generate()];
  return requestOf({ publicKey: own.publicKey, privateKey: other.privateKey }, station, p256);
}

async function requestOf(
  keys: CryptoKeyPair,
  name: x509.JsonName | string,
  algorithm: Algorithm,
): Promise<MadeRequest> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name(typeof name === 'string' ? [{ CN: [name] }] : name),
    keys,
    signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
    extensions: [new x509.BasicConstraintsExtension(true), new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1'])],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { csr: request.toString('pem'), keyPem: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}

async function generate(): Promise<CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(p256, true, ['sign', 'verify'])) as CryptoKeyPair;
}
