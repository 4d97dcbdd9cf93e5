import type { Logger } from '../log.ts';

/** Why the broker turned a device away: labels of `siaga_refused_connections_total`, explained in docs/operate.md. */
export const refusals = [
  'no-certificate',
  'foreign-certificate',
  'expired-certificate',
  'revoked-certificate',
  'tls-failed',
  'not-mqtt',
  'packet-too-large',
  'packet-malformed',
  'packet-timeout',
  'connect-timeout',
  'protocol-version',
  'certificate-name',
  'client-id',
  'unknown-station',
  'foreign-will',
  'foreign-publish',
  'foreign-subscribe',
  'keep-alive',
  'replaced',
  'provision-limit',
] as const;
export type Refusal = (typeof refusals)[number];

/** An error that ends a connection, with its reason. */
export type RefusalError = Error & { readonly refusal: Refusal };

export function refusalError(refusal: Refusal, detail: string): RefusalError {
  return Object.assign(new Error(`${refusal}: ${detail}`), { refusal });
}

/**
 * The reason in an error that ended a connection; undefined where the connection was merely lost.
 * aedes names its own refusals only by their message (lib/client.js, lib/handlers/connect.js).
 */
export function refusalOf(error: Error): Refusal | undefined {
  if ('refusal' in error) return error.refusal as Refusal;
  if ('code' in error && typeof error.code === 'string') return undefined;
  if (error.message === 'connect did not arrive in time') return 'connect-timeout';
  if (error.message === 'unacceptable protocol version') return 'protocol-version';
  if (error.message === 'keep alive limit exceeded') return 'keep-alive';
  if (error.message === 'keep alive timeout' || error.message === 'connection closed') return undefined;
  if (error.message === 'drain timeout') return undefined;
  return 'packet-malformed';
}

/** The reason of a handshake that failed: OpenSSL's verdict on the certificate, or the alert it sent. */
export function refusalOfHandshake(error: Error, verdict: string | undefined): Refusal | undefined {
  const code = 'code' in error ? String(error.code) : '';
  if (verdict === 'CERT_HAS_EXPIRED' || verdict === 'CERT_NOT_YET_VALID') return 'expired-certificate';
  if (verdict !== undefined && verdict !== '') return 'foreign-certificate';
  if (code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') return 'no-certificate';
  if (code === 'ECONNRESET' || code === 'EPIPE') return undefined;
  return 'tls-failed';
}

const quietMs = 10_000;

/** Logs refusals: at most one line a reason in ten seconds, with how many went unsaid. */
export function refusalLog(log: Logger): (refusal: Refusal, details: Record<string, unknown>) => void {
  const spoken = new Map<Refusal, { atMs: number; unsaid: number }>();
  return (refusal, details) => {
    const nowMs = Date.now();
    const last = spoken.get(refusal);
    if (last !== undefined && nowMs - last.atMs < quietMs) {
      last.unsaid += 1;
      return;
    }
    log.warn({ refusal, ...details, unsaid: last?.unsaid ?? 0 }, 'device refused');
    spoken.set(refusal, { atMs: nowMs, unsaid: 0 });
  };
}
