/**
 * Whether the service manager may believe that we are alive. Pure.
 *
 * A process that lives is not a gauge that works: the watchdog is fed only while frames come, readings reach
 * the disk and the event loop turns. Starving it is worth a restart only where a restart may help: what has
 * never worked in this run (a sensor that is not there, a disk that is full) is told in health, not restarted for.
 */

/** Times in ms of one monotonic clock; null: not once in this run. */
export type Vitals = {
  readonly lastFrameAtMs: number | null;
  readonly lastStoreAtMs: number | null;
  /** The store refused or failed after that: its trouble is known and told, a restart would not mend it. */
  readonly storeRefusedAtMs: number | null;
  /** The longest interval at which readings are due now. */
  readonly sampleMs: number;
};

export type VitalLimits = {
  /** So long without a frame after there were some: the line or its driver may be wedged. */
  readonly frameMs: number;
  /** So long beyond two sampling intervals without a reading on the disk, though frames come. */
  readonly storeMs: number;
};

/** The line opens itself afresh after 15 minutes of silence; this comes after it has tried twice. */
const vitalLimits: VitalLimits = { frameMs: 35 * 60_000, storeMs: 120_000 };

/** Null when all is well, else what is starved of, in words for the log. */
export function starvedOf(vitals: Vitals, nowMs: number, limits: VitalLimits = vitalLimits): string | null {
  const { lastFrameAtMs, lastStoreAtMs, storeRefusedAtMs, sampleMs } = vitals;
  const frameDueMs = Math.max(limits.frameMs, 3 * sampleMs);
  if (lastFrameAtMs === null) return null;
  if (nowMs - lastFrameAtMs > frameDueMs) return `no frame for ${Math.round((nowMs - lastFrameAtMs) / 60_000)} min`;
  if (lastStoreAtMs === null || (storeRefusedAtMs ?? 0) > lastStoreAtMs) return null;
  const storeDueMs = 2 * sampleMs + limits.storeMs;
  const silentMs = nowMs - lastStoreAtMs;
  return silentMs > storeDueMs ? `frames come, but no reading was stored for ${Math.round(silentMs / 1_000)} s` : null;
}
