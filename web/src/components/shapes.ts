/**
 * One outline per severity, in a 24 × 24 box, so that the ladder can be read without colour: circle, triangle, square,
 * octagon. Without a severity: a diamond.
 */
const outlines = [
  'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18z',
  'M12 2.2L22.4 20.6H1.6z',
  'M3.4 3.4h17.2v17.2H3.4z',
  'M7.6 1.4h8.8l6.2 6.2v8.8l-6.2 6.2H7.6l-6.2-6.2V7.6z',
] as const;
const unjudged = 'M12 2.5L21.5 12L12 21.5L2.5 12z';

export function shapeOutline(severity: number | null): string {
  return (severity === null ? undefined : outlines[severity]) ?? unjudged;
}
