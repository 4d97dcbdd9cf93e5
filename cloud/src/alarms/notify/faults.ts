/**
 * Words for what went wrong on the way. By error code only: messages of the system and of libraries carry host
 * names, addresses and sometimes credentials, and a fault is shown in the console and kept in records.
 */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection lost',
  EPIPE: 'connection lost',
  ESOCKET: 'connection lost',
  ECONNECTION: 'connection lost',
  ECONNABORTED: 'connection lost',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'no answer from the name server',
  EDNS: 'host name not found',
  EHOSTUNREACH: 'host not reachable',
  ENETUNREACH: 'network not reachable',
  ETIMEDOUT: 'no answer in time',
  EADDRREFUSED: 'the host is outside the public internet, which is not allowed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate is for another name',
  CERT_HAS_EXPIRED: 'certificate has expired',
  ETLS: 'no secure connection',
};

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** One short phrase, free of addresses and secrets. */
export function faultText(error: unknown): string {
  return codeText(codeOf(error));
}

export function codeText(code: string): string {
  if (words[code] !== undefined) return words[code];
  if (/CERT|SELF_SIGNED|VERIFY/.test(code)) return `certificate not trusted (${code})`;
  if (/^(ERR_SSL|EPROTO)/.test(code)) return 'no secure connection';
  return /^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? `failed (${code})` : 'failed';
}
