import { type Alarm, type Evidence, priorities } from '@siaga/protocol';
import { actorText, type People } from '../format/actor-text.ts';
import { ageText, type ZoneTimes } from '../format/times.ts';
import { cmText, rateText } from '../format/units.ts';
import { words } from '../format/words.ts';
import { type AlarmView, standingOf } from './view.ts';
import { alarmWords as w } from './words.ts';

/** How an alarm stands, with names, times and reasons: what the row and the detail say. */
export function standingText({ alarm, standing }: AlarmView, people: People, times: ZoneTimes): string {
  const { suppression, acknowledged } = alarm;
  if (standing !== 'closed' && suppression) {
    if (suppression.kind === 'shelved') {
      const until = times.minute(Date.parse(suppression.until));
      const text = w.shelvedUntil(until, actorText(suppression.by, people), suppression.reason);
      return suppression.oneShot ? `${text} (${w.oneShot})` : text;
    }
    if (suppression.kind === 'out-of-service') {
      const until =
        suppression.until === null ? w.untilPutBack : w.until(times.dayMinute(Date.parse(suppression.until)));
      return w.outOfServiceBy(actorText(suppression.by, people), until, suppression.reason);
    }
    return suppression.kind === 'maintenance' ? w.maintenance : w.suppressedWhy(suppression.reason);
  }
  if (acknowledged) {
    const name = actorText(acknowledged.by, people);
    if (standing === 'acknowledged') return w.acknowledgedBy(name, times.minute(Date.parse(acknowledged.at)));
    if (standing === 'returned-acknowledged') return w.returnedAndAcknowledgedBy(name);
    if (standing === 'latched') return w.latchedBy(name);
  }
  return w.standings[standing];
}

/** What of an alarm is another than when somebody looked: for a command that came too late. */
export function whatChanged(seen: Alarm, now: Alarm | undefined, people: People): string[] {
  if (now === undefined || now.closedAt !== null) return [w.changed.closed];
  const changes: string[] = [];
  if (seen.priority !== now.priority) {
    changes.push(w.changed.priority(w.priorities[seen.priority], w.priorities[now.priority]));
  }
  if (seen.condition !== now.condition) changes.push(w.changed[now.condition]);
  if (now.acknowledged && seen.acknowledged?.at !== now.acknowledged.at) {
    changes.push(w.changed.acknowledged(actorText(now.acknowledged.by, people)));
  }
  if (seen.suppression?.kind !== now.suppression?.kind) {
    const shelved = now.suppression?.kind === 'shelved' ? w.changed.shelved : w.changed.suppressed;
    changes.push(now.suppression ? shelved : w.changed.back);
  }
  if (changes.length === 0 && seen.annunciatedAt !== now.annunciatedAt) changes.push(w.changed.annunciated);
  if (changes.length === 0 && standingOf(seen) === standingOf(now)) changes.push(w.changed.evidence);
  return changes;
}

/** A headline that begins with the name it stands under says it once, and its list not at all: "Depok in Siaga II band" → "in Siaga II band". */
export function withoutName(headline: string, name: string): string {
  return headline.startsWith(name)
    ? headline.slice(name.length).replace(/^(?: \(instruments\))?[:,;]?\s+/, '')
    : headline;
}

export type EvidenceLine = { readonly name: string; readonly text: string };

const namedEvidence: Readonly<Record<string, unknown>> = w.evidence;

/** A rule's evidence for people: units told by the names' endings, cm and the deployment's time. */
export function evidenceLines(evidence: Evidence, times: ZoneTimes): EvidenceLine[] {
  return Object.entries(evidence).map(([key, value]) => {
    const known = namedEvidence[key];
    return {
      name: typeof known === 'string' ? known : spaced(key.replace(unitEnding, '')),
      text: evidenceText(key, value, times),
    };
  });
}

const unitEnding = /(MmPer10Min|Mm|AtMs|At|Ms|S|Min|Hours|Percent|Bytes)$/;

function evidenceText(key: string, value: Evidence[string], times: ZoneTimes): string {
  if (value === null) return w.evidence.none;
  if (typeof value === 'boolean') return value ? w.evidence.yes : w.evidence.no;
  const unit = unitEnding.exec(key)?.[1];
  if (typeof value === 'string') {
    const ms = unit === 'At' || /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
    return Number.isNaN(ms) ? value : `${times.dayMinute(ms)} ${times.zoneName(ms)}`;
  }
  if (unit === 'MmPer10Min') return `${rateText(value)} ${words.perTenMinutes}`;
  if (unit === 'Mm') return `${cmText(value)} ${words.cm}`;
  if (unit === 'AtMs') return `${times.dayMinute(value)} ${times.zoneName(value)}`;
  if (unit === 'Ms') return ageText(value);
  if (unit === 'S') return ageText(value * 1000);
  if (unit === 'Min') return ageText(value * 60_000);
  if (unit === 'Hours') return `${value} h`;
  if (unit === 'Percent') return `${value} %`;
  if (unit === 'Bytes') return `${(value / 1e9).toFixed(1)} GB`;
  return String(value);
}

/** `spillLevel` → "Spill level" */
function spaced(key: string): string {
  const text = key.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How the priority's shape is drawn: one chevron for low, two, three for high, so that it can be told without colour. */
export function chevrons(priority: Alarm['priority']): number {
  return priorities.indexOf(priority) + 1;
}
