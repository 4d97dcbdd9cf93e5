/**
 * The record of a calibration, signed with the device's key: who did what when, what was measured, what came of it.
 * The signed text is kept as it was signed, so that nobody must agree on how JSON is written.
 *
 *   { "body": "<JSON text>", "signature": "<base64>", "certificate": "<PEM>" }
 *
 * Check it without us: openssl dgst -sha256 -verify <public key of the certificate> -signature <signature> <body>
 */
import { createHash, createPrivateKey, sign, verify, X509Certificate } from 'node:crypto';
import { Calibration, GaugeId, type Parsed, parsed, parserOf, refused, StationId } from '@siaga/protocol';
import { type Static, Type } from 'typebox';

const Point = Type.Object({ tapeMm: Type.Integer(), distanceMm: Type.Integer(), spreadMm: Type.Integer() });
const Text = Type.String({ minLength: 1, maxLength: 120 });

export const RecordBody = Type.Object({
  v: Type.Literal(1),
  station: StationId,
  gauge: GaugeId,
  sensor: Text,
  by: Text,
  at: Type.String({ format: 'date-time' }),
  bar: Point,
  drop: Point,
  second: Point,
  residualMm: Type.Integer(),
  /** Words of each check that was not plainly good, and that the technician let stand. */
  remarks: Type.Array(Type.String()),
  photo: Type.Union([Type.String({ maxLength: 200 }), Type.Null()]),
  calibration: Calibration,
});
export type RecordBody = Static<typeof RecordBody>;

const Signed = Type.Object({
  body: Type.String(),
  signature: Type.Union([Type.String(), Type.Null()]),
  certificate: Type.Union([Type.String(), Type.Null()]),
});
export type SignedRecord = Static<typeof Signed>;

const parseSigned = parserOf(Signed);
const parseBody = parserOf(RecordBody);

/** `credentials`: the device's own certificate and key (PEM); null leaves the record unsigned. */
export function signRecord(body: RecordBody, credentials: { cert: string; key: string } | null): SignedRecord {
  const text = JSON.stringify(body);
  if (credentials === null) return { body: text, signature: null, certificate: null };
  const signature = sign('sha256', Buffer.from(text), createPrivateKey(credentials.key)).toString('base64');
  return { body: text, signature, certificate: credentials.cert };
}

/** SHA-256 of the body: what the platform names the record by. */
export function recordHash({ body }: Pick<SignedRecord, 'body'>): string {
  return createHash('sha256').update(body).digest('hex');
}

export type ReadRecord = { readonly body: RecordBody; readonly hash: string; readonly signed: 'yes' | 'no' | 'broken' };

/** Reads a record's text; refuses what is none. `broken`: the body is not what was signed. Never throws. */
export function readRecord(text: string): Parsed<ReadRecord> {
  try {
    const record = parseSigned(JSON.parse(text));
    if (!record.ok) return record;
    const body = parseBody(JSON.parse(record.value.body));
    if (!body.ok) return refused(`body: ${body.reason}`);
    return parsed({ body: body.value, hash: recordHash(record.value), signed: signatureOf(record.value, body.value) });
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

/** The certificate must be the station's: another device's signature says nothing here. */
function signatureOf({ body, signature, certificate }: SignedRecord, { station }: RecordBody): ReadRecord['signed'] {
  if (signature === null || certificate === null) return 'no';
  const cert = new X509Certificate(certificate);
  const own = cert.subject.split('\n').includes(`CN=${station}`);
  return own && verify('sha256', Buffer.from(body), cert.publicKey, Buffer.from(signature, 'base64'))
    ? 'yes'
    : 'broken';
}
