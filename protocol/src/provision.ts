/**
 * How a device gets its certificate: it makes its key itself and sends a signing request, either under a claim
 * certificate (its first one, or after its card was swapped) or under its own (a renewal).
 */
import { type Static, Type } from 'typebox';
import { isStationId, type StationId } from './identity.ts';
import { decodeJson, parserOf } from './parse.ts';
import type { Parsed } from './result.ts';

/** Common name of a claim certificate: the colon keeps it apart from every station id. */
export const claimPrefix = 'claim:';

/**
 * MQTT client id of a connection that asks for a certificate: it may do nothing else, and stands beside the station's
 * own, whose client id is the station. `commonName` is of the certificate it connects with, a claim's or the station's.
 */
export function provisionClientId(commonName: string, station: StationId): string {
  return `${commonName}:${station}`;
}

/** The station that such a client id names; undefined for any other client id, or under another certificate. */
export function stationOfClientId(clientId: string, commonName: string): StationId | undefined {
  const station = clientId.slice(commonName.length + 1);
  return isStationId(station) && clientId === provisionClientId(commonName, station) ? station : undefined;
}

const Id = Type.String({
  pattern: '^[A-Za-z0-9-]{8,64}$',
  description: 'Chosen by the device; comes back in the answer',
});
const Pem = Type.String({ minLength: 1, maxLength: 16_384 });

export const ProvisionRequest = Type.Object(
  {
    v: Type.Literal(1),
    id: Id,
    csr: Type.String({ minLength: 1, maxLength: 8192, description: 'PKCS#10, PEM; its CN is the station id' }),
    /** What the machine says of itself (a Raspberry Pi's serial number), where the allow-list asks for it. */
    hardware: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]),
  },
  { additionalProperties: false, $id: 'ProvisionRequest' },
);
export type ProvisionRequest = Static<typeof ProvisionRequest>;

/** Why a certificate was not issued. */
export const provisionRefusals = [
  'malformed',
  'csr-invalid',
  'not-allowed',
  'allowance-used',
  'allowance-expired',
  'other-hardware',
  'too-often',
  /** The platform cannot sign at present: its authority's key is elsewhere, or its disk is full. */
  'unavailable',
] as const;
export type ProvisionRefusal = (typeof provisionRefusals)[number];

export const ProvisionAnswer = Type.Union(
  [
    Type.Object({
      v: Type.Literal(1),
      id: Id,
      ok: Type.Literal(true),
      certificate: Pem,
      /** Who signs the broker's certificate from now on. */
      ca: Pem,
    }),
    Type.Object({
      v: Type.Literal(1),
      id: Id,
      ok: Type.Literal(false),
      refusal: Type.Enum(provisionRefusals),
      /** How a person mends it. */
      detail: Type.String({ maxLength: 200 }),
    }),
  ],
  { $id: 'ProvisionAnswer' },
);
export type ProvisionAnswer = Static<typeof ProvisionAnswer>;

const parseRequest = parserOf(ProvisionRequest);
const parseAnswer = parserOf(ProvisionAnswer);

export function decodeProvisionRequest(bytes: Uint8Array): Parsed<ProvisionRequest> {
  return decodeJson(bytes, parseRequest);
}

export function decodeProvisionAnswer(bytes: Uint8Array): Parsed<ProvisionAnswer> {
  return decodeJson(bytes, parseAnswer);
}
