import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';

/** What is wrong with a certificate that was given to us; null if it is what we asked for. `ca` may hold several. */
export function faultOfIssued(given: {
  readonly certificate: string;
  readonly ca: string;
  readonly key: string;
  readonly station: string;
}): string | null {
  const { certificate: pem, ca, key, station } = given;
  try {
    const certificate = new X509Certificate(pem);
    if (certificate.subject !== `CN=${station}` && !/(^|\n)CN=AWS IoT Certificate$/.test(certificate.subject))
      return `it is for ${certificate.subject}, not for ${station}`;
    const ours = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
    if (!certificate.publicKey.export({ type: 'spki', format: 'der' }).equals(ours)) return 'it is for another key';
    if (new X509Certificate(ca).ca) return null;
    return 'what came with it is no authority';
  } catch {
    return 'it cannot be read';
  }
}
