import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { platformError, systemCode } from './errors.ts';
import { caPaths, serverPaths } from './fleet/pki/paths.ts';
import type { Logger } from './log.ts';

export type ServerCertificates = { readonly ca: string; readonly cert: string; readonly key: string };

/** Reads what the broker needs to speak TLS. Throws `certificates-missing` or `certificates-invalid`. */
export function readCertificates(dir: string): ServerCertificates {
  const own = serverPaths(dir);
  const certificates = {
    ca: read(caPaths(dir).cert, `siaga pki init --dir ${dir}`),
    cert: read(own.cert, `siaga pki server --dir ${dir}`),
    key: read(own.key, `siaga pki server --dir ${dir}`),
  };
  try {
    createSecureContext(certificates);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw platformError(
      'certificates-invalid',
      `The certificates in ${dir} cannot be used: ${why}. \`siaga pki server --dir ${dir}\` makes what does not fit anew.`,
      error,
    );
  }
  const { validToDate } = new X509Certificate(certificates.cert);
  if (validToDate.getTime() < Date.now())
    throw platformError(
      'certificates-invalid',
      `${own.cert} expired on ${validToDate.toISOString().slice(0, 10)}: renew it with \`siaga pki server --dir ${dir}\`.`,
    );
  return certificates;
}

/** Has a running broker show what lies there now. A pair that is half written is tried again with its other half. */
export function showNewCertificates(
  broker: { useTls(tls: ServerCertificates): void },
  dir: string,
  log: Pick<Logger, 'info' | 'warn'>,
): void {
  try {
    broker.useTls(readCertificates(dir));
    log.info('server certificate read anew');
  } catch (error) {
    log.warn({ err: error }, 'the server’s new certificate is not used: the one before goes on');
  }
}

/** Reads what the console is served with by HTTPS. Throws `certificates-missing` or `certificates-invalid`. */
export function readConsoleCertificate({ certPath, keyPath }: { readonly certPath: string; readonly keyPath: string }) {
  const pair = { cert: read(certPath, 'SIAGA_TLS_CERT=FILE'), key: read(keyPath, 'SIAGA_TLS_KEY=FILE') };
  try {
    createSecureContext(pair);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw platformError('certificates-invalid', `${certPath} and ${keyPath} cannot be used: ${why}.`, error);
  }
  return pair;
}

function read(path: string, command: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT')
      throw platformError('certificates-missing', `${path} is missing: make it with \`${command}\`.`);
    throw platformError('certificates-invalid', `${path} cannot be read (${systemCode(error) ?? 'unknown'}).`, error);
  }
}
