/** Credentials from files. They are read at each connection, so that a renewed certificate needs no restart. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { agentError, messageOf } from '../errors.ts';

export type Credentials = { readonly ca: string; readonly cert: string; readonly key: string };

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
