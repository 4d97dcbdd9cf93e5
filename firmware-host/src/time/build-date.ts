/** When this program was built: no clock that it meets can rightly stand before. Bundling replaces the name by a number. */
declare const SIAGA_BUILT_AT_MS: number | undefined;

/** Of a program that runs from its sources: a day before the first release that asks. */
const sourcesMs = Date.UTC(2026, 9, 1);

export const buildDateMs: number = typeof SIAGA_BUILT_AT_MS === 'number' ? SIAGA_BUILT_AT_MS : sourcesMs;
