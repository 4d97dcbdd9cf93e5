import type { Finding } from './finding.ts';

export type FlatRules = {
  /** Time without a sign of life after which a reading is suspect, in ms. */
  readonly flatMs: number;
  /** Changes up to this are none. */
  readonly flatToleranceMm: number;
  /** Where the place falls dry, the distance to its ground. */
  readonly dryMm: number | null;
};

/** Since when the sensor gave no sign of life. Time is summed reading by reading: the clock may be set meanwhile. */
export type FlatState = {
  readonly rawMm: number;
  readonly spreadMm: number | null;
  readonly atMs: number;
  readonly heldMs: number;
};

/** What lies between two readings counts for no more: in a gap the water may have moved and come back. */
const longestStepMs = 3_600_000;
/** Ground is not level, and the air's temperature moves what is seen of it. */
const nearDryMm = 30;

/**
 * The test is of the sensor, so it takes the distance as the sensor gave it: a temperature correction would bring
 * a stuck one to life. A changed value is a sign of life, and so is another scatter among a burst's pings, for a
 * stuck sensor repeats itself to the millimetre. So what hangs before a living sensor is not found here: in
 * values it is calm water.
 */
export function flatStep(
  state: FlatState | null,
  newest: { readonly atMs: number; readonly rawMm: number; readonly spreadMm: number | null },
  { flatToleranceMm }: Pick<FlatRules, 'flatToleranceMm'>,
): FlatState {
  const { atMs, rawMm, spreadMm } = newest;
  const moved = state === null || Math.abs(rawMm - state.rawMm) > flatToleranceMm;
  if (moved || spreadMm !== state.spreadMm) return { rawMm, spreadMm, atMs, heldMs: 0 };
  const stepMs = Math.min(longestStepMs, Math.max(0, atMs - state.atMs));
  return { ...state, atMs, heldMs: state.heldMs + stepMs };
}

/**
 * Flat line (QARTOD test 8), in hours and never alone a 4: the manual's 3 and 5 equal values fail every calm river
 * and each dry street. At the dry ground nothing need move.
 */
export function flatLine({ rawMm, heldMs }: FlatState, { flatMs, dryMm }: FlatRules): Finding | null {
  const dry = dryMm !== null && rawMm >= dryMm - nearDryMm;
  return heldMs >= flatMs && !dry ? { flag: 3, test: 'flat-line' } : null;
}
