import { Type } from 'typebox';
import { commonDefaults, silentSinceMs, stationFinding } from '../findings.ts';
import type { StationRule } from '../rule.ts';
import { spanText } from '../words.ts';

const settings = Type.Object({
  badMin: Type.Integer({
    minimum: 0,
    maximum: 10_080,
    description: 'Minutes without a reading that weighs before it is told',
  }),
});

const minuteMs = 60_000;

/** Readings come, but none that weighs: the sensor hears nothing, is dead, or its readings fail their tests. */
export const sensor: StationRule<typeof settings> = {
  name: 'sensor',
  scope: 'station',
  list: 'health',
  about: 'Readings come from the station, but for long none that weighs: no echo, a dead sensor, or failed tests.',
  settings,
  defaults: () => ({
    ...commonDefaults(
      'The station is blind though it sends. Look at its last readings and the photo; plan a visit: clean the sensor, check cable and mounting, look for spiders, leaves and drift.',
      { offDelayS: 600 },
    ),
    badMin: 20,
  }),
  find({ nowMs, timeOfDay }, facts, { badMin }) {
    const { station, judged } = facts;
    // What is silent is told as that.
    const silent = judged.observedAtMs === null || silentSinceMs(facts, nowMs) !== null;
    if (judged.quality !== 'none' || judged.note === 'possibly-blocked' || silent) return [];
    const sinceMs = judged.weighedAtMs ?? judged.observedAtMs ?? nowMs;
    if (judged.weighedAtMs !== null && nowMs - sinceMs < badMin * minuteMs) return [];
    return [
      stationFinding('sensor', facts, {
        signal: 'on',
        priority: (judged.severity ?? 0) > 0 ? 'medium' : 'low',
        sinceMs,
        headline: `${station.name}: ${faults[judged.note ?? ''] ?? 'readings fail their tests'}, none that weighs since ${timeOfDay(sinceMs)} (${spanText(nowMs - sinceMs)})`,
        evidence: { note: judged.note, echo: judged.echo, lastWeighedAt: isoOf(judged.weighedAtMs) },
      }),
    ];
  },
};

const faults: Readonly<Record<string, string>> = {
  'no-echo': 'the sensor hears no echo',
  'sensor-dead': 'the sensor is dead',
};

function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
