/**
 * How long to wait for a receipt before a message is sent again. The cloud says when its next one may be expected;
 * while none comes at all, the waiting doubles: a platform that acknowledges and stays silent (its ingest is down,
 * or it gives receipts once an hour and has given none yet) is not sent the same again and again.
 */
export type Patience = {
  /** Real ms from a PUBACK. */
  ms(): number;
  /** Receipts come so seldom that waiting for them would stop everything. */
  isSlow(): boolean;
  receipt(nextReceiptS: number, nowMs: number): void;
  /** Messages were given up that had their PUBACK at these times. */
  lapsed(ackedAtMs: readonly number[]): void;
};

const firstNextReceiptS = 10;
const slowReceiptsS = 60;
const longestS = 3_600;
/** Added to the time in which a receipt was promised. */
const marginMs = 5_000;

export function createPatience(): Patience {
  let nextReceiptS = firstNextReceiptS;
  let stretch = 1;
  let receiptAtMs = Number.NEGATIVE_INFINITY;
  const expectedS = () => Math.max(nextReceiptS, Math.min(nextReceiptS * stretch, longestS));
  return {
    ms: () => expectedS() * 1_000 + marginMs,
    isSlow: () => expectedS() > slowReceiptsS,
    receipt(seconds, nowMs) {
      nextReceiptS = seconds;
      receiptAtMs = nowMs;
      stretch = 1;
    },
    lapsed(ackedAtMs) {
      // Silence since all of them: not theirs alone is missing.
      if (ackedAtMs.length > 0 && ackedAtMs.every((atMs) => atMs > receiptAtMs)) stretch *= 2;
    },
  };
}
