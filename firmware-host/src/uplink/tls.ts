/** Credentials from files. They are read at each connection, so that a renewed certificate needs no restart. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { agentError, messageOf, systemCodeOf } from '../errors.ts';

export type Credentials = { readonly ca: string; readonly cert: string; readonly key: string };

export type TlsOptions = {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly rejectUnauthorized: true;
  readonly servername: string;
};

/** `host` as in the broker's URL. SNI takes names only (RFC 6066 §3): for an address it stays empty. */
export async function tlsOptions(paths: Credentials, host: string): Promise<TlsOptions> {
  const [ca, cert, key] = await Promise.all([
    read('uplink.ca', paths.ca),
    read('uplink.cert', paths.cert),
    read('uplink.key', paths.key),
  ]);
  check(paths, { ca, cert, key });
  return { ca, cert, key, rejectUnauthorized: true, servername: isIP(bare(host)) ? '' : host };
}

/** TLS itself would name no file: "PEM routines::no start line". */
function check(paths: Credentials, files: { ca: Buffer; cert: Buffer; key: Buffer }): void {
  const made = <T>(setting: keyof Credentials, what: string, make: (file: Buffer) => T): T => {
    try {
      return make(files[setting]);
    } catch (error) {
      throw unreadable(`uplink.${setting}: ${paths[setting]} holds no ${what} (PEM): ${messageOf(error)}`, error);
    }
  };
  made('ca', 'certificate', (file) => new X509Certificate(file));
  const cert = made('cert', 'certificate', (file) => new X509Certificate(file));
  const key = made('key', 'private key', createPrivateKey);
  if (!cert.checkPrivateKey(key))
    throw unreadable(`uplink.key: ${paths.key} does not belong to uplink.cert ${paths.cert}`);
}

/** What OpenSSL says of a broker's certificate that another CA has signed. */
const otherCa = new Set([
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Why a connection failed, in words that name the setting where one is at fault. */
export function tlsReason(error: unknown): string {
  const code = systemCodeOf(error) ?? '';
  if (otherCa.has(code)) return `the broker's certificate is not signed by uplink.ca (${messageOf(error)})`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return `the broker's certificate is not valid by this device's clock (${messageOf(error)})`;
  return messageOf(error) || code || 'connection failed';
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

/** An IPv6 address in a URL stands in brackets. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
