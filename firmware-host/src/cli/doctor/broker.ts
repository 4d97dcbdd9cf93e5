import { X509Certificate } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import { readCredentials } from '../../uplink/credentials.ts';
import { trustedClock } from '../../uplink/device-time.ts';
import { targetOf } from '../../uplink/target.ts';
import { openTls } from '../../uplink/tls.ts';
import { judgeDates } from './certificates.ts';
import { type Check, fail, pass } from './check.ts';

const handshakeMs = 20_000;

/** A TLS handshake with the broker, as the agent makes it, and the broker's own certificate. */
export const broker: Check = {
  name: 'broker',
  needs: 'settings',
  online: true,
  async run(world, { uplink }) {
    if (!uplink) return [];
    const pems = await readCredentials(uplink).catch(() => null);
    if (pems === null) return [];
    const beganMs = performance.now();
    try {
      const socket = await openTls(targetOf(uplink), pems, trustedClock, AbortSignal.timeout(handshakeMs));
      const ms = Math.round(performance.now() - beganMs);
      const peer = new X509Certificate(socket.getPeerCertificate().raw);
      socket.destroy();
      return [
        pass(`TLS stands after ${ms} ms`),
        ...judgeDates("the broker's certificate", peer, world, 'tell the platform: its certificate runs out'),
      ];
    } catch (error) {
      return [
        fail(
          `no TLS: ${isTimeout(error) ? `no answer within ${handshakeMs / 1_000} s` : messageOf(error)}`,
          'see certificate, clock and network above; is uplink.ca the present one of the platform?',
        ),
      ];
    }
  },
};

/** `openTls` may wrap what the signal says. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || isTimeout(error.cause));
}
