/** Makes a key and the request to have it certified. The key stays on this device. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';

/** EC P-256, PKCS#8 in PEM. */
export function makeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** PKCS#10 in PEM: subject CN = station, signed by the key. */
export async function signingRequest(keyPem: string, station: string): Promise<string> {
  // A device needs this library once a year: it is loaded for that.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
  const privateKey = createPrivateKey(keyPem);
  const der = <T extends 'pkcs8' | 'spki'>(type: T) =>
    Uint8Array.from(
      type === 'pkcs8'
        ? privateKey.export({ type: 'pkcs8', format: 'der' })
        : createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    );
  const [signing, verifying] = await Promise.all([
    crypto.subtle.importKey('pkcs8', der('pkcs8'), algorithm, false, ['sign']),
    crypto.subtle.importKey('spki', der('spki'), algorithm, true, ['verify']),
  ]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name([{ CN: [station] }]),
    keys: { privateKey: signing, publicKey: verifying },
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return request.toString('pem');
}
