/** What most rules need: their common defaults, what a finding says of its station, and whether the station is heard. */
import type { Priority, Severity } from '@siaga/protocol';
import { staleAfterMs } from '../domain/presence.ts';
import type { CommonSettings, Finding, StationFacts } from './rule.ts';

const quarterHourS = 900;

/** On at once, off after a quarter of an hour, told once: a rule says what differs. */
export function commonDefaults(response: string, differs: Partial<CommonSettings> = {}): CommonSettings {
  return {
    on: true,
    onDelayS: 0,
    offDelayS: quarterHourS,
    reAlarmMin: null,
    latch: false,
    response,
    ...differs,
  };
}

/** How soon to act on water in a band: alert low, warning medium, danger high. */
export function priorityOf(severity: Severity): Priority {
  return severity >= 3 ? 'high' : severity === 2 ? 'medium' : 'low';
}

/** A finding about a station. `name`: of the rule; with `part`, one of several conditions that it can find there. */
export function stationFinding(
  name: string,
  { station }: StationFacts,
  finding: Omit<Finding, 'key' | 'subject' | 'station' | 'basin' | 'severity'> & {
    readonly severity?: Severity | null;
    readonly part?: string;
  },
): Finding {
  const { part, severity = null, ...rest } = finding;
  return {
    key: part === undefined ? `${name}/${station.id}` : `${name}/${station.id}/${part}`,
    subject: { kind: 'station', id: station.id },
    station: station.id,
    basin: station.basin,
    severity,
    ...rest,
  };
}

/** A finding about the box or what it needs, such as a channel. */
export function platformFinding(
  name: string,
  part: string,
  finding: Omit<Finding, 'key' | 'subject' | 'station' | 'basin' | 'severity'>,
  kind: 'platform' | 'channel' = 'platform',
): Finding {
  const common = { station: null, basin: null, severity: null };
  return { key: `${name}/${part}`, subject: { kind, id: part }, ...common, ...finding };
}

/**
 * Whether the newest weighing reading is younger than the stale limit: what a present alarm needs. Where the device's
 * clock is uncertain its times say nothing, and age is counted from when the reading came in.
 */
export function isPresent({ station, level, value }: StationFacts, nowMs: number): boolean {
  if (level.note === 'clock-uncertain' && value !== null)
    return nowMs - Date.parse(value.receivedAt) <= staleAfterMs(value.intervalS, station.staleCapS);
  return level.presence === 'live' || level.presence === 'late';
}

/**
 * Since when nothing at all has come from a station, past its stale limit; null while it is heard, or never was. By the
 * time of receipt where the device's clock is uncertain.
 */
export function silentSinceMs({ station, judged, level, value }: StationFacts, nowMs: number): number | null {
  if (judged.observedAtMs === null || judged.intervalS === null || level.presence !== 'stale') return null;
  const seenMs = Math.max(judged.observedAtMs, value === null ? 0 : Date.parse(value.observedAt));
  const heardMs = level.note === 'clock-uncertain' && value !== null ? Date.parse(value.receivedAt) : seenMs;
  return nowMs - heardMs > staleAfterMs(judged.intervalS, station.staleCapS) ? heardMs : null;
}
