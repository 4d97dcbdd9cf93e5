import { type Static, Type } from 'typebox';
import { Seq, StreamId } from './identity.ts';
import { maxRangesPerMessage } from './limits.ts';
import { decodeJson, parserOf } from './parse.ts';
import { type Parsed, refused } from './result.ts';
import { hasSeq, highestSeq, missingRanges, type SeqRange, type SeqRanges } from './seq-ranges.ts';

/** Why a message, or some readings of it, went to quarantine. */
export const rejectReasons = [
  'malformed',
  'identity-conflict',
  'time-ahead',
  'unknown-gauge',
  'unknown-station',
] as const;
export type RejectReason = (typeof rejectReasons)[number];

const Range = Type.Object({ from: Seq, to: Seq }, { additionalProperties: false });
const Time = Type.String({ format: 'date-time' });

/**
 * The cloud's word on a stream: what is committed or durably quarantined, and so may be freed.
 * Everything up to `upTo` is settled but for `ranges`. `version` rises with every receipt of this store
 * for this stream, so that a late one is recognised; a new `storeId` (a restored backup) starts again and
 * may lower `upTo`.
 */
export const Receipt = Type.Object(
  {
    v: Type.Literal(1),
    storeId: Type.String({ minLength: 1, maxLength: 64 }),
    version: Type.Integer({ minimum: 1 }),
    stream: StreamId,
    upTo: Type.Integer({ minimum: 0, description: 'Highest settled sequence number, 0 for none' }),
    ranges: Type.Array(Range, { maxItems: maxRangesPerMessage, description: 'Missing below upTo' }),
    corrections: Type.Optional(
      Type.Array(
        Type.Object({ rev: Type.Integer({ minimum: 1 }), from: Seq, to: Seq }, { additionalProperties: false }),
        {
          maxItems: maxRangesPerMessage,
          description: 'Corrections (rev ≥ 1) settled since the last receipt',
        },
      ),
    ),
    nextReceiptS: Type.Number({
      minimum: 0,
      maximum: 86_400,
      description: 'Real seconds in which the next receipt may be expected',
    }),
    serverTime: Time,
    rejected: Type.Array(
      Type.Object(
        {
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Of the message payload' }),
          reason: Type.Enum(rejectReasons),
        },
        { additionalProperties: false },
      ),
      { maxItems: maxRangesPerMessage },
    ),
  },
  { additionalProperties: true, $id: 'Receipt' },
);
export type Receipt = Static<typeof Receipt>;

const parseReceipt = parserOf(Receipt);

export function decodeReceipt(bytes: Uint8Array): Parsed<Receipt> {
  const receipt = decodeJson(bytes, parseReceipt);
  if (!receipt.ok) return receipt;
  for (const name of ['ranges', 'corrections'] as const)
    if (receipt.value[name]?.some(({ from, to }) => from > to))
      return refused(`${name}: a range ends before it begins`);
  return receipt;
}

/** `upTo` and `ranges` for a set of settled numbers: `upTo` falls back as far as 32 ranges require. */
export function coverageOf(settled: SeqRanges): Pick<Receipt, 'upTo' | 'ranges'> {
  const holes = missingRanges(settled);
  const beyond = holes[maxRangesPerMessage];
  const upTo = beyond === undefined ? highestSeq(settled) : beyond[0] - 1;
  return { upTo, ranges: holes.slice(0, maxRangesPerMessage).map(([from, to]) => ({ from, to })) };
}

/** Whether a receipt settles `seq`. */
export function settles(receipt: Pick<Receipt, 'upTo' | 'ranges'>, seq: number): boolean {
  return (
    seq <= receipt.upTo &&
    !hasSeq(
      receipt.ranges.map(({ from, to }): SeqRange => [from, to]),
      seq,
    )
  );
}
