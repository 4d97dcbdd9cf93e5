/**
 * What the measurements of a calibration amount to. Pure; all in mm.
 *
 * Tape lengths go from the sensor's reference mark straight down. stage = elevation of the mark above the
 * station's zero − (distance + face offset): the face offset is what the tape says more than the sensor.
 */

/** The same length by tape and by sensor. */
export type Point = { readonly tapeMm: number; readonly distanceMm: number };

export type Judged = {
  /** `no`: it cannot be right; `look`: it may be, but somebody should know why. */
  readonly verdict: 'good' | 'look' | 'no';
  readonly words: string;
};

/** From the reference mark down to where the sensor counts from; negative when it counts from above the mark. */
export function faceOffsetOf({ tapeMm, distanceMm }: Point): number {
  return tapeMm - distanceMm;
}

/** A mark on the rail above the sensor may be metres away; a digit too many at the tape is more likely. */
export function judgeFace(faceOffsetMm: number): Judged {
  const size = Math.abs(faceOffsetMm);
  const words = `the sensor counts from ${size} mm ${faceOffsetMm < 0 ? 'above' : 'below'} the mark`;
  return { verdict: size <= 500 ? 'good' : size <= 10_000 ? 'look' : 'no', words };
}

/**
 * What the second point leaves unexplained by the offset of the first. Speed of sound wrong by 10 °C is 1.7 % of the
 * way between them; a tilt or a wall in the beam shows here too.
 */
export function judgeResidual(first: Point, second: Point): Judged & { readonly residualMm: number } {
  const residualMm = faceOffsetOf(second) - faceOffsetOf(first);
  const spanMm = Math.abs(second.tapeMm - first.tapeMm);
  const size = Math.abs(residualMm);
  if (spanMm < 300)
    return {
      residualMm,
      verdict: 'no',
      words: `the two points lie ${spanMm} mm apart: at least 300 mm tell something`,
    };
  const good = Math.max(5, 0.005 * spanMm);
  const words = `${signed(residualMm)} mm over ${spanMm} mm between the points`;
  if (size <= good) return { residualMm, verdict: 'good', words };
  if (size <= Math.max(10, 0.01 * spanMm))
    return { residualMm, verdict: 'look', words: `${words}: is it level, shaded, and the right type?` };
  return {
    residualMm,
    verdict: 'no',
    words: `${words}: a wall or cable in the beam, a tilt, or the wrong sensor type in the settings`,
  };
}

/** The water by tape, beside what offset and sensor make of it. Water moves: 15 mm is fair, 40 mm is not. */
export function judgeDrop(drop: Point, faceOffsetMm: number): Judged & { readonly differenceMm: number } {
  const differenceMm = drop.tapeMm - (drop.distanceMm + faceOffsetMm);
  return { differenceMm, ...judgedBy(differenceMm, 15, 40, 'by tape, against sensor and offset') };
}

export function stageMmOf(elevationMm: number, distanceMm: number, faceOffsetMm: number): number {
  return elevationMm - (distanceMm + faceOffsetMm);
}

/** The last word: what the staff gauge shows, beside the stage that this calibration computes. */
export function judgeStaff(staffMm: number, stageMm: number): Judged & { readonly differenceMm: number } {
  const differenceMm = staffMm - stageMm;
  return { differenceMm, ...judgedBy(differenceMm, 10, 50, 'on the staff, against the computed stage') };
}

function judgedBy(differenceMm: number, goodMm: number, mostMm: number, what: string): Judged {
  const words = `${signed(differenceMm)} mm ${what}`;
  if (Math.abs(differenceMm) <= goodMm) return { verdict: 'good', words };
  return { verdict: Math.abs(differenceMm) <= mostMm ? 'look' : 'no', words };
}

function signed(mm: number): string {
  return mm > 0 ? `+${mm}` : mm === 0 ? '0' : `−${-mm}`;
}
