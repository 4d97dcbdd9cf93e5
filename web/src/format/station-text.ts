import type { StationView } from '../situation/view.ts';
import { isSilent } from '../situation/view.ts';
import { ageText } from './times.ts';
import { cmText, rateText } from './units.ts';
import { words } from './words.ts';

/** "162", "≥ 320" when the water is beyond the sensor's reach, "–" when no level is known. Centimetres. */
export function levelText(view: StationView): string {
  if (view.stageMm === null) return words.noValue;
  return view.note === 'at-least' ? `≥ ${cmText(view.stageMm)}` : cmText(view.stageMm);
}

export function trendText(view: StationView): string {
  if (view.trend === null) return words.noValue;
  const rate = view.rateMmPer10Min === null ? '' : ` ${rateText(view.rateMmPer10Min)}`;
  return `${words.arrows[view.trend]}${rate}`;
}

/** The band as one says it: never without its being provisional, and in the past when the station is silent. */
export function bandSentence(view: StationView): string {
  if (view.bandLabel === null) return words.noBand;
  if (isSilent(view) && view.ageMs !== undefined) return words.wasInBand(view.bandLabel, ageText(view.ageMs));
  return words.inBand(view.bandLabel);
}

/** Doubts about a station, worst first, in few words. */
export function doubts(view: StationView): string[] {
  return [
    ...(view.note === null ? [] : [words.shortNotes[view.note]]),
    ...(view.maintenance ? [words.maintenance] : []),
    ...(view.quality === 'suspect' ? [words.suspect] : []),
  ];
}

/** Doubts in full sentences, for the detail. */
export function doubtSentences(view: StationView): string[] {
  return [
    ...(view.note === null ? [] : [words.notes[view.note]]),
    ...(view.maintenance ? [words.maintenanceLong] : []),
    ...(view.quality === 'suspect' ? [words.suspectLong] : []),
    ...(view.quality === 'none' && view.presence !== 'never' ? [words.noValid] : []),
  ];
}

/** Age and freshness: "42 s", "late 3 min", "stale 47 min", "no data yet". */
export function freshnessText(view: StationView): string {
  if (view.ageMs === undefined) return words.presences.never;
  const age = ageText(view.ageMs);
  return view.presence === 'live' ? age : `${words.presences[view.presence]} ${age}`;
}

/** Everything about a station in one line, for a map mark's accessible name. */
export function spokenText(view: StationView): string {
  const level = view.stageMm === null ? '' : `${levelText(view)} ${words.cm}`;
  const trend = view.trend === null ? '' : words.trends[view.trend];
  const age = view.presence === 'live' ? '' : freshnessText(view);
  return [level, trend, bandSentence(view), age, ...doubts(view)].filter((part) => part !== '').join(', ');
}
