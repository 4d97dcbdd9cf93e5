/** Stage over time: ms in, mm above the station's zero out. */
export type Hydrograph = (atMs: number) => number;

/** A known or assumed stage. */
export type ControlPoint = { readonly atMs: number; readonly stageMm: number };

/**
 * A smooth curve through every point, repeating each `periodMs`. Piecewise cubic Hermite with the
 * slopes of Fritsch and Butland (1984): it passes through the points exactly and never overshoots
 * them, so a crest is no higher than the point that makes it.
 *
 * Throws unless there are two points or more, in order of time, all within one period.
 */
export function periodicHydrograph(points: readonly ControlPoint[], periodMs: number): Hydrograph {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 2) throw new Error('hydrograph: needs two points');
  if (points.some((point, i) => i > 0 && point.atMs <= (points[i - 1] as ControlPoint).atMs))
    throw new Error('hydrograph: points must be in order of time');
  if (last.atMs - first.atMs >= periodMs) throw new Error('hydrograph: points span more than a period');

  // One knot more: the first again, a period later, so that the curve closes.
  const knots = [...points, { atMs: first.atMs + periodMs, stageMm: first.stageMm }];
  const spans = points.map((_, i) => spanOf(knots, i));
  const slopes = points.map((_, i) => slopeAt(spans.at(i - 1) as Span, spans[i] as Span));

  return (atMs) => {
    const phaseMs = first.atMs + modulo(atMs - first.atMs, periodMs);
    const i = indexBefore(points, phaseMs);
    const [from, to] = [knots[i] as ControlPoint, knots[i + 1] as ControlPoint];
    return hermite(from, to, slopes[i] as number, slopes[(i + 1) % points.length] as number, phaseMs);
  };
}

type Span = { readonly lengthMs: number; readonly secant: number };

function spanOf(knots: readonly ControlPoint[], i: number): Span {
  const [from, to] = [knots[i] as ControlPoint, knots[i + 1] as ControlPoint];
  const lengthMs = to.atMs - from.atMs;
  return { lengthMs, secant: (to.stageMm - from.stageMm) / lengthMs };
}

/** Weighted harmonic mean of the secants on both sides; flat at a crest, a trough or a shelf. */
function slopeAt(before: Span, after: Span): number {
  if (before.secant * after.secant <= 0) return 0;
  const weightBefore = 2 * after.lengthMs + before.lengthMs;
  const weightAfter = after.lengthMs + 2 * before.lengthMs;
  return (weightBefore + weightAfter) / (weightBefore / before.secant + weightAfter / after.secant);
}

function hermite(from: ControlPoint, to: ControlPoint, slopeFrom: number, slopeTo: number, atMs: number): number {
  const lengthMs = to.atMs - from.atMs;
  const t = (atMs - from.atMs) / lengthMs;
  const [t2, t3] = [t * t, t * t * t];
  return (
    (2 * t3 - 3 * t2 + 1) * from.stageMm +
    (t3 - 2 * t2 + t) * lengthMs * slopeFrom +
    (3 * t2 - 2 * t3) * to.stageMm +
    (t3 - t2) * lengthMs * slopeTo
  );
}

/** Index of the last point at or before `atMs`; the first point is never after it. */
function indexBefore(points: readonly ControlPoint[], atMs: number): number {
  const after = points.findIndex((point) => point.atMs > atMs);
  return (after === -1 ? points.length : after) - 1;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
