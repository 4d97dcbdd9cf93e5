/** The TLS connection to the broker, by Node. */
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Pems } from './credentials.ts';
import type { DeviceTime } from './device-time.ts';
import { handshakeReason, isDateFault } from './reasons.ts';
import type { Target } from './target.ts';

/**
 * A connected and verified TLS socket; rejects with a reason for a person. Where only the dates of the broker's
 * certificates fail, and the clock is not trusted, it connects once more and judges the dates by what is known of
 * the time (`late-dates.ts`); chain, name and purpose are verified all the same, and the key by TLS itself.
 */
export async function openTls(
  target: Target,
  pems: Pems,
  { clockTrusted, earliestMs }: DeviceTime,
  signal: AbortSignal,
): Promise<TLSSocket> {
  try {
    return await handshake(target, pems, {}, signal);
  } catch (error) {
    if (!isDateFault(error) || clockTrusted()) throw new Error(handshakeReason(error, target), { cause: error });
  }
  const socket = await handshake(target, pems, { rejectUnauthorized: false }, signal).catch((error) => {
    throw new Error(handshakeReason(error, target), { cause: error });
  });
  const { faultButDates } = await import('./late-dates.ts');
  const fault = await faultButDates(socket, pems.ca, target.host, earliestMs());
  if (fault === null) return socket;
  socket.destroy();
  throw new Error(fault);
}

function handshake(
  { host, port, alpn }: Target,
  pems: Pems,
  more: ConnectionOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = connect({
      host,
      port,
      ...pems,
      // SNI takes names only (RFC 6066 §3): for an address it stays empty.
      servername: isIP(host) ? '' : host,
      ...(alpn === null ? {} : { ALPNProtocols: [alpn] }),
      rejectUnauthorized: true,
      ...more,
    });
    const settle = (done: () => void) => {
      signal.removeEventListener('abort', giveUp);
      socket.removeListener('close', onClose);
      socket.removeListener('error', fail);
      // Whoever takes the socket listens for its errors; until then none may end the process.
      socket.on('error', () => undefined);
      done();
    };
    const fail = (error: unknown) => {
      settle(() => reject(error));
      socket.destroy();
    };
    const giveUp = () => fail(signal.reason);
    const onClose = () => fail(new Error('closed by the broker before TLS stood'));
    signal.addEventListener('abort', giveUp, { once: true });
    socket.once('error', fail);
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      socket.setNoDelay(true);
      settle(() => resolve(socket));
    });
  });
}
