import type { StagePoint } from '../domain/trend.ts';
import type { StationFacts } from './rule.ts';

/**
 * How fast the stage rises in mm per 10 min: by the trend of half an hour, or by the last four samples where they rose
 * faster and by at least `leastRiseMm`, since a street flood peaks within twenty minutes. Null where neither is known, and
 * where the water stands above what the sensor can see: what it did below says nothing of what it does now.
 */
export function paceOf({ judged, value }: Pick<StationFacts, 'judged' | 'value'>, leastRiseMm: number): number | null {
  if (judged.note === 'at-least') return null;
  const trendPace = value?.rateMmPer10Min ?? null;
  const quickPace = paceOfLast(judged.approach, leastRiseMm);
  if (trendPace === null || quickPace === null) return trendPace ?? quickPace;
  return Math.max(trendPace, quickPace);
}

const tenMinutesMs = 600_000;
const wanted = 4;

/** The lower median of the slopes between all pairs, which one wild sample cannot raise. Null where they rose too little. */
function paceOfLast(approach: readonly StagePoint[], leastRiseMm: number): number | null {
  const first = approach[0];
  const last = approach.at(-1);
  if (approach.length < wanted || first === undefined || last === undefined) return null;
  if (last.stageMm - first.stageMm < leastRiseMm) return null;
  const slopes = approach.flatMap((a, i) =>
    approach.slice(i + 1).map((b) => ((b.stageMm - a.stageMm) / (b.atMs - a.atMs)) * tenMinutesMs),
  );
  return Math.round(slopes.sort((a, b) => a - b)[Math.ceil(slopes.length / 2) - 1] ?? 0);
}
