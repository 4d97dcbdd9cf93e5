import type { Row } from './csv.ts';

/** A reading as it came back from the platform. */
export type Returned = { readonly observedAtMs: number; readonly stageMm: number | null };

export type Verdict = {
  readonly rows: number;
  readonly readings: number;
  /** Rows without a reading at their time. */
  readonly missing: number;
  /** Readings more than one at a row's time. */
  readonly twice: number;
  /** Readings at a time that no row has. */
  readonly foreign: number;
  /** Readings without a stage, or off by more than the tolerance. */
  readonly off: number;
  readonly maxDifferenceMm: number;
  /** How far the farthest reading lies from the nearest row, in ms; 0 when every time is the file's own. */
  readonly maxDifferenceMs: number;
  readonly ok: boolean;
};

/** A burst's median may differ from the record by this much: 1 cm. */
export const toleranceMm = 10;

/** Compares a record with what came back. `rows` in order of time. */
export function judged(rows: readonly Row[], readings: readonly Returned[]): Verdict {
  const rowAt = new Map(rows.map((row) => [row.atMs, row]));
  const seen = new Set<number>();
  const verdict = { missing: 0, twice: 0, foreign: 0, off: 0, maxDifferenceMm: 0, maxDifferenceMs: 0 };
  for (const { observedAtMs, stageMm } of readings) {
    const row = rowAt.get(observedAtMs);
    if (row === undefined) {
      verdict.foreign += 1;
      verdict.maxDifferenceMs = Math.max(verdict.maxDifferenceMs, nearestMs(rows, observedAtMs));
      continue;
    }
    if (seen.has(observedAtMs)) verdict.twice += 1;
    seen.add(observedAtMs);
    const differenceMm = stageMm === null ? Number.POSITIVE_INFINITY : Math.abs(stageMm - row.stageMm);
    if (differenceMm > toleranceMm) verdict.off += 1;
    if (stageMm !== null) verdict.maxDifferenceMm = Math.max(verdict.maxDifferenceMm, differenceMm);
  }
  verdict.missing = rows.length - seen.size;
  const ok = verdict.missing + verdict.twice + verdict.foreign + verdict.off === 0;
  return { rows: rows.length, readings: readings.length, ...verdict, ok };
}

function nearestMs(rows: readonly Row[], atMs: number): number {
  return rows.reduce((nearest, row) => Math.min(nearest, Math.abs(row.atMs - atMs)), Number.POSITIVE_INFINITY);
}
