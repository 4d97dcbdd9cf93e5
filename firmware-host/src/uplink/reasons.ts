/** Why a connection failed, in words that name the setting or the place where one is at fault. Pure. */
import { messageOf, systemCodeOf } from '../errors.ts';

/** What OpenSSL says of a broker's certificate that another CA has signed. */
const otherCa = new Set([
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

export const notSignedByCa = "the broker's certificate is not signed by uplink.ca";

/** TLS alerts (RFC 8446 §6.2) by which a broker turns a client away, as OpenSSL's error codes end. */
const alerts: readonly (readonly [ends: RegExp, words: string])[] = [
  [/ALERT_CERTIFICATE_EXPIRED$/, 'the broker says that uplink.cert has expired: renew it'],
  [/ALERT_CERTIFICATE_REVOKED$/, 'the broker says that uplink.cert was revoked: this device needs a new certificate'],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)$/,
    'the broker does not accept uplink.cert: it is signed by no CA that the broker trusts',
  ],
  [/CERTIFICATE_REQUIRED$/, 'the broker wants a client certificate and got none: see uplink.cert'],
  [
    /NO_APPLICATION_PROTOCOL$/,
    'what answers at uplink.url speaks TLS but not MQTT there (ALPN refused): use port 8883, or another uplink.alpn',
  ],
  [/(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, 'what answers at uplink.url does not speak TLS'],
];

const network: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is not known: is DNS right?',
  EAI_AGAIN: 'the name cannot be looked up: is there a network, and DNS?',
  ENETUNREACH: 'there is no way to it: is there a network?',
  EHOSTUNREACH: 'there is no way to it: is there a network?',
  ETIMEDOUT: 'it does not answer: is a firewall in the way? Port 443 may be open where 8883 is not',
};

/** The native socket's errors, as Node names them. */
const crtNetwork: Readonly<Record<string, string>> = {
  AWS_IO_SOCKET_CONNECTION_REFUSED: 'ECONNREFUSED',
  AWS_IO_SOCKET_TIMEOUT: 'ETIMEDOUT',
  AWS_IO_SOCKET_NO_ROUTE_TO_HOST: 'EHOSTUNREACH',
  AWS_IO_SOCKET_NETWORK_DOWN: 'ENETUNREACH',
  AWS_IO_DNS_QUERY_FAILED: 'EAI_AGAIN',
  AWS_IO_DNS_INVALID_NAME: 'ENOTFOUND',
  AWS_IO_DNS_NO_ADDRESS_FOR_HOST: 'ENOTFOUND',
  AWS_IO_DNS_QUERY_AGAIN: 'EAI_AGAIN',
};

export function crtReason(error: unknown): string {
  const name = String((error as { error_name?: unknown }).error_name);
  const words = network[crtNetwork[name] ?? ''];
  return words ? `${words} (${name})` : messageOf(error);
}

export function handshakeReason(error: unknown, { host, port }: { host: string; port: number }): string {
  const code = systemCodeOf(error) ?? '';
  const words = network[code];
  return words ? `${host}:${port}: ${words} (${code})` : tlsReason(error);
}

/** Also for errors after the handshake: TLS 1.3 tells a client of its refused certificate only then. */
export function tlsReason(error: unknown): string {
  const code = systemCodeOf(error) ?? '';
  if (otherCa.has(code)) return `${notSignedByCa} (${messageOf(error)})`;
  if (isDateFault(error)) return `the broker's certificate is not valid by this device's clock (${messageOf(error)})`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the broker's certificate is for another name than uplink.url says (${messageOf(error)})`;
  const refused = alerts.find(([ends]) => ends.test(code));
  return refused ? `${refused[1]} (${code})` : messageOf(error) || code || 'connection failed';
}

export function isDateFault(error: unknown): boolean {
  return ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'].includes(systemCodeOf(error) ?? '');
}

/** Reason codes of MQTT 5 (§2.4) that a setting of ours, or another device, may cause. */
const mqttReasons: Readonly<Record<number, string>> = {
  133: "the broker refuses our client id, the station's name",
  134: 'the broker refuses our credentials',
  135: 'the broker does not let this station do that: is it known there, and is uplink.cert its own?',
  136: 'the broker is not available',
  137: 'the broker is busy',
  139: 'the broker is shutting down',
  141: 'the broker heard nothing of us for too long',
  142: "another client came under this station's name: does a second device hold its certificate?",
  144: 'the broker does not accept the topic',
  149: 'the message is too large for the broker',
  150: 'the broker finds that we send too much',
  151: 'a quota of the broker is used up',
  159: 'the broker finds that we connect too often',
};

export function disconnectReason(code: number, text?: string): string {
  const words = mqttReasons[code] ?? 'the broker ended it';
  return `${words} (MQTT reason ${code}${text ? `: ${text}` : ''})`;
}
