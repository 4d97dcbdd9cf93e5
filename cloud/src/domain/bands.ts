import type { Band, Severity } from '@siaga/protocol';

/** A stage limit with the local name of the band above it, valid in [validFromMs, validToMs). */
export type DatedThreshold = {
  readonly severity: Severity;
  readonly label: string;
  readonly fromMm: number;
  readonly validFromMs: number;
  /** Null: until further notice. */
  readonly validToMs: number | null;
};

/** Thresholds in force at `atMs`, lowest first. */
export function thresholdsAt(thresholds: readonly DatedThreshold[], atMs: number): DatedThreshold[] {
  return thresholds
    .filter(({ validFromMs, validToMs }) => validFromMs <= atMs && (validToMs === null || atMs < validToMs))
    .sort((a, b) => a.fromMm - b.fromMm);
}

/**
 * Bands in force at `atMs`, lowest first: the one below all limits, then one above each. Empty where no
 * thresholds are in force, because then nothing can be said of the stage.
 */
export function bandsAt(thresholds: readonly DatedThreshold[], normalLabel: string, atMs: number): Band[] {
  const inForce = thresholdsAt(thresholds, atMs);
  if (inForce.length === 0) return [];
  return [
    { severity: 0, label: normalLabel, fromMm: null },
    ...inForce.map(({ severity, label, fromMm }) => ({ severity, label, fromMm })),
  ];
}

/** The band that holds `stageMm`. Bands are half-open [fromMm, next): a stage equal to a limit lies above it. */
export function bandOf(bands: readonly Band[], stageMm: number): Band | undefined {
  return bands.findLast(({ fromMm }) => fromMm === null || stageMm >= fromMm);
}

/**
 * Severity of a stage after `previous`: rises at once, falls out of a band only when the stage is more than
 * `deadBandMm` below its limit, one band after the other, so that a sudden fall ends where a slow one does.
 * Null where no bands are in force.
 */
export function severityOf(
  bands: readonly Band[],
  stageMm: number,
  previous: Severity | null,
  deadBandMm: number,
): Severity | null {
  const here = bandOf(bands, stageMm)?.severity;
  if (here === undefined) return null;
  if (previous === null || here >= previous) return here;
  const held = bands.findLast(
    ({ severity, fromMm }) => severity <= previous && (fromMm === null || stageMm >= fromMm - deadBandMm),
  );
  return Math.max(here, held?.severity ?? here);
}

/** Local name of a severity in the bands in force: of the highest band not above it. */
export function labelOf(bands: readonly Band[], severity: Severity | null): string | null {
  if (severity === null) return null;
  return bands.findLast((band) => band.severity <= severity)?.label ?? null;
}
