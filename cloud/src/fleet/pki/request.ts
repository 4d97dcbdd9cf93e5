/** Judges a certificate signing request (PKCS#10, RFC 2986). Pure but for the signature's mathematics. */
import 'reflect-metadata';
import { createPublicKey } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { keySha256Of } from './registry.ts';

export type JudgedRequest =
  | { readonly ok: true; readonly publicKey: x509.PublicKey; readonly keySha256: string }
  | { readonly ok: false; readonly detail: string };

/**
 * The key must be EC P-256, the signature its own, and the subject nothing but the station. What the request wishes
 * beyond that (other names, other uses) is never taken over.
 */
export async function judgeRequest(pem: string, station: string): Promise<JudgedRequest> {
  const no = (detail: string) => ({ ok: false, detail }) as const;
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
  } catch {
    return no('the request is no PKCS#10 in PEM');
  }
  if (request.subject !== `CN=${station}`) return no(`the request's subject is not CN=${station} alone`);
  try {
    const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
      return no('the key must be EC P-256; let `siaga-agent provision` make it');
    if (!(await request.verify())) return no('the request is not signed by its own key');
    return { ok: true, publicKey: request.publicKey, keySha256: keySha256Of(key) };
  } catch {
    return no("the request's key or signature cannot be read");
  }
}
