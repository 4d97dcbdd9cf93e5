/** Signs requests as a platform does, and answers them over a test's broker. */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { decodeProvisionRequest, encodeJson, type ProvisionAnswer, provisionTopic } from '@siaga/protocol';
import type { TestBroker } from './broker.ts';

export type Signer = (csr: string, validity?: { notBefore: Date; notAfter: Date }) => Promise<string>;

/** An authority that certifies what is asked; `ca` is its own certificate. */
export async function createSigner(): Promise<{ ca: string; sign: Signer }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  const usual = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Signing CA',
    keys,
    ...usual,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  return {
    ca: ca.toString('pem'),
    async sign(csr, validity = usual) {
      const request = new x509.Pkcs10CertificateRequest(csr);
      if (!(await request.verify())) throw new Error('the request is not signed by its key');
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(8)))
          .toString('hex')
          .replace(/^./, '4'),
        subject: request.subjectName,
        issuer: ca.subjectName,
        ...validity,
        publicKey: request.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
      });
      return certificate.toString('pem');
    },
  };
}

export type Verdict = (csr: string, hardware: string | null) => Promise<object> | object;

/** Answers every request that reaches a broker with what `verdict` says, `{ v, id, ...verdict }`. */
export function answerRequests(
  broker: TestBroker,
  station: string,
  verdict: Verdict,
): { requests: string[]; stop(): void } {
  const requests: string[] = [];
  let seen = 0;
  const timer = setInterval(() => {
    const fresh = broker.published.slice(seen);
    seen += fresh.length;
    for (const { topic, payload } of fresh) {
      const request = decodeProvisionRequest(payload);
      if (topic !== provisionTopic(station, 'request') || !request.ok) continue;
      requests.push(request.value.csr);
      void Promise.resolve(verdict(request.value.csr, request.value.hardware)).then((words) =>
        broker.send(
          provisionTopic(station, 'answer'),
          encodeJson({ v: 1, id: request.value.id, ...words } as ProvisionAnswer),
        ),
      );
    }
  }, 10);
  return { requests, stop: () => clearInterval(timer) };
}
