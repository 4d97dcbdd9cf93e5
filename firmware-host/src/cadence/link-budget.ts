/**
 * What the link may cost. A bucket fills with what goes over the link and empties evenly, a month's allowance in a
 * month. It holds three days' worth: a flood may spend that at once. When it runs over, calm reports wait twice as
 * long; and so on, until it is half empty again. Pure.
 */
export type Budget = {
  readonly bytes: number;
  /** As of when; null before the first input. */
  readonly atMs: number | null;
  /** By how much calm reports are stretched: 1, 2, 4 or 8. */
  readonly stretch: number;
  readonly changedMs: number;
};

const monthMs = 30 * 86_400_000;
const bucketMonths = 3 / 30;
/** What a change has brought is seen after a while. */
const betweenChangesMs = 6 * 3_600_000;
const mostStretch = 8;

export function budgetAfter(
  budget: Budget,
  { nowMs, wireBytes, calm }: { nowMs: number; wireBytes: number; calm: boolean },
  mbPerMonth: number | undefined,
): Budget {
  if (mbPerMonth === undefined) return budget;
  const monthBytes = mbPerMonth * 1e6;
  const emptied = ((nowMs - (budget.atMs ?? nowMs)) / monthMs) * monthBytes;
  const bytes = Math.max(0, budget.bytes - emptied) + wireBytes;
  const full = bytes / (monthBytes * bucketMonths);
  const next = { ...budget, bytes, atMs: nowMs };
  if (!calm || nowMs - budget.changedMs < betweenChangesMs) return next;
  if (full > 1 && budget.stretch < mostStretch) return { ...next, stretch: budget.stretch * 2, changedMs: nowMs };
  if (full < 0.5 && budget.stretch > 1) return { ...next, stretch: budget.stretch / 2, changedMs: nowMs };
  return next;
}

/**
 * Bytes on the wire of one message, at the IP level: its payload, its topic and headers of MQTT, TLS 1.3 and TCP/IP,
 * and the answers that it draws (PUBACK, acknowledgements).
 */
export function wireBytesOf(payloadBytes: number): number {
  return payloadBytes + 250;
}
