/** Credentials from files. They are read at each connection, so that a renewed certificate needs no restart. */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { agentError, messageOf } from '../errors.ts';

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
  return { ca, cert, key, rejectUnauthorized: true, servername: isIP(bare(host)) ? '' : host };
}

async function read(setting: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw agentError('credentials-unreadable', `${setting}: cannot read ${path}: ${messageOf(error)}`, error);
  }
}

/** An IPv6 address in a URL stands in brackets. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
