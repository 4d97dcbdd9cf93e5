/** Credentials from files, and the TLS connection that they give. Read at each connection: a renewed certificate needs no restart. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { agentError, messageOf } from '../errors.ts';
import { handshakeReason, isDateFault } from './reasons.ts';
import type { Target } from './target.ts';

export type Credentials = { readonly ca: string; readonly cert: string; readonly key: string };

/** What the agent knows of the time. A device without a battery-backed clock wakes up at any time of the past. */
export type DeviceTime = {
  /** Whether the wall clock is known to be right. While it is not, a certificate's dates are not judged by it. */
  clockTrusted(): boolean;
  /** It cannot be earlier than this, whatever the clock says: the newest of build date and records. */
  earliestMs(): number;
};

export const trustedClock: DeviceTime = { clockTrusted: () => true, earliestMs: () => 0 };

export type Pems = { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };

/** Rejects with `credentials-unreadable`, naming the setting and the file. */
export async function readCredentials(paths: Credentials, section = 'uplink'): Promise<Pems> {
  const [ca, cert, key] = await Promise.all([
    read(`${section}.ca`, paths.ca),
    read(`${section}.cert`, paths.cert),
    read(`${section}.key`, paths.key),
  ]);
  check(paths, { ca, cert, key }, section);
  return { ca, cert, key };
}

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

/** Why a broker that ends a connection without a word may have done so. */
export function unsaidReason({ cert }: Pems): string {
  const { validFrom, validTo } = new X509Certificate(cert);
  const nowMs = Date.now();
  const ended = 'closed by the broker before it let us in';
  if (Date.parse(validTo) < nowMs) return `${ended}: uplink.cert expired on ${validTo}`;
  if (Date.parse(validFrom) > nowMs)
    return `${ended}: uplink.cert is not valid before ${validFrom}, by this device's clock`;
  return `${ended}: it may not accept uplink.cert`;
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

/** TLS itself would name no file: "PEM routines::no start line". */
function check(paths: Credentials, files: Pems, section: string): void {
  const made = <T>(setting: keyof Credentials, what: string, make: (file: Buffer) => T): T => {
    try {
      return make(files[setting]);
    } catch (error) {
      throw unreadable(`${section}.${setting}: ${paths[setting]} holds no ${what} (PEM): ${messageOf(error)}`, error);
    }
  };
  made('ca', 'certificate', (file) => new X509Certificate(file));
  const cert = made('cert', 'certificate', (file) => new X509Certificate(file));
  const key = made('key', 'private key', createPrivateKey);
  if (!cert.checkPrivateKey(key))
    throw unreadable(`${section}.key: ${paths.key} does not belong to ${section}.cert ${paths.cert}`);
}

function unreadable(message: string, cause?: unknown) {
  return agentError('credentials-unreadable', message, cause);
}

async function read(setting: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(`${setting}: cannot read ${path}: ${messageOf(error)}`, error);
  }
}
