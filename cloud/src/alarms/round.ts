/** One round of the desk: what the rules found, against what is open, at one moment. Pure but for the draft it fills. */
import type { StationId } from '@siaga/protocol';
import type { AlarmState, GroupState, Silence } from '../domain/alarm.ts';
import { priorityRank } from '../domain/alarm.ts';
import { groupNow, openGroup } from '../domain/alarm-group.ts';
import { type AlarmInput, live, raise, type Sighting } from '../domain/alarm-life.ts';
import type { Catalogue } from '../fleet/catalogue.ts';
import type { Draft } from './draft.ts';
import { drillFindings, type Found } from './drills.ts';
import { groupHeadline, type Names } from './headline.ts';
import { type OutOfService, outOfServiceId, type Pending } from './records.ts';
import type { FoundCondition, RuleSet } from './rule.ts';
import { whyUnwatched } from './unwatched.ts';

export type RoundContext = {
  readonly rules: Pick<RuleSet, 'covers' | 'escalation'>;
  readonly catalogue: Catalogue;
  readonly names: Names;
  /** Whether a technician is at work there: see `StationLevel.maintenance`. */
  readonly maintenance: (station: StationId) => boolean;
  readonly mintId: () => string;
};

type Look = { readonly found: readonly FoundCondition[]; readonly stations: ReadonlySet<StationId> | undefined };

export function takeRound(draft: Draft, { found, stations }: Look, context: RoundContext): void {
  const { nowMs, memory } = draft;
  endServices(draft);
  for (const drill of memory.drills.values())
    if (drill.endsAtMs <= nowMs) endDrillIn(draft, drill.id, 'The drill has come to its end.');
  const sightings = soundest([
    ...found.map((condition): Found => ({ ...condition, drill: null })),
    ...[...memory.drills.values()]
      .filter(({ endsAtMs }) => endsAtMs > nowMs)
      .flatMap((drill) => drillFindings(drill, context.catalogue, nowMs)),
  ]);
  const covers = (of: AlarmState | Pending) =>
    of.drill !== null || sightings.has(of.key) || context.rules.covers(of, stations);

  for (const alarm of memory.alarms.values()) {
    const now = draft.alarm(alarm.id) ?? alarm;
    const seen = sightings.get(alarm.key);
    const silence = silenceOf(draft, now, seen, context);
    const isLooked = isLookedAt(draft, now, seen, covers);
    const input = isLooked ? looked(now, seen, silence, context) : ({ kind: 'waited', silence } as const);
    draft.lived(live(now, input, nowMs));
  }
  for (const pending of memory.pendings.values())
    if (covers(pending) && !sightings.has(pending.key)) draft.unpend(pending.key);
  for (const condition of sightings.values())
    if (condition.signal === 'on' && !memory.byKey.has(condition.key) && isRipe(draft, condition))
      open(draft, condition, context);
  settleGroups(draft, context);
}

/** Brings every group in line with its alarms: closes, calls, escalates. */
export function settleGroups(draft: Draft, { names, rules }: Pick<RoundContext, 'names' | 'rules'>): void {
  const children = Map.groupBy(draft.openAlarms(), ({ group }) => group);
  for (const group of draft.openGroups()) {
    const alarms = children.get(group.id) ?? [];
    const headline = alarms.length === 0 ? group.headline : groupHeadline(group, alarms, names);
    draft.grouped(groupNow(group, alarms, { headline, chain: rules.escalation, nowMs: draft.nowMs }));
  }
}

export function endDrillIn(draft: Draft, id: string, reason: string): void {
  const drill = draft.memory.drills.get(id);
  if (drill === undefined) return;
  draft.drill({ ...drill, endedAtMs: draft.nowMs });
  for (const alarm of draft.openAlarms())
    if (alarm.drill === id) draft.lived(live(alarm, { kind: 'end', reason }, draft.nowMs));
  for (const { key, drill: of } of draft.memory.pendings.values()) if (of === id) draft.unpend(key);
}

/** Lets what silences a station from outside take effect at once. */
export function settleStation(draft: Draft, station: StationId, context: RoundContext): void {
  for (const alarm of draft.openAlarms())
    if (alarm.station === station) {
      const silence = silenceOf(draft, alarm, undefined, context);
      draft.lived(live(alarm, { kind: 'waited', silence }, draft.nowMs));
    }
  settleGroups(draft, context);
}

function endServices(draft: Draft): void {
  for (const service of draft.memory.outOfService.values())
    if (service.untilMs !== null && service.untilMs <= draft.nowMs) draft.service(service, true);
}

/** What has returned comes back after its on-delay, like what is new; until then nobody has looked. */
function isLookedAt(
  draft: Draft,
  alarm: AlarmState,
  seen: Found | undefined,
  covers: (of: AlarmState) => boolean,
): boolean {
  if (alarm.condition === 'returned' && alarm.closedAtMs === null && seen?.signal === 'on') return isRipe(draft, seen);
  return covers(alarm);
}

function looked(
  alarm: AlarmState,
  seen: Found | undefined,
  silence: Silence | null,
  context: RoundContext,
): AlarmInput {
  if (seen !== undefined) return { kind: 'looked', sighting: sightingOf(seen), silence };
  const unwatched = alarm.drill === null ? whyUnwatched(alarm, context.catalogue) : null;
  return { kind: 'looked', sighting: null, silence, unwatched };
}

/** One condition a key. Two rules that name the same one are heard at the louder. */
function soundest(found: readonly Found[]): Map<string, Found> {
  const byKey = new Map<string, Found>();
  for (const condition of found) {
    const other = byKey.get(condition.key);
    if (other === undefined || loudnessOf(condition) > loudnessOf(other)) byKey.set(condition.key, condition);
  }
  return byKey;
}

function loudnessOf({ signal, priority, severity }: Found): number {
  return (signal === 'on' ? 100 : 0) + priorityRank[priority] * 10 + (severity ?? -1);
}

/** Whether the on-delay is over, by the time since it was first found; begins to count where it was not. */
function isRipe(draft: Draft, { key, rule, station, drill, settings }: Found): boolean {
  const delayMs = settings.onDelayS * 1000;
  const pending = draft.memory.pendings.get(key);
  const waitedMs = draft.nowMs - (pending?.sinceMs ?? draft.nowMs);
  if (waitedMs >= delayMs) {
    draft.unpend(key);
    return true;
  }
  // Where the clock was set back, it begins again.
  if (pending === undefined || waitedMs < 0) draft.pend({ key, rule, station, drill, sinceMs: draft.nowMs });
  return false;
}

function open(draft: Draft, condition: Found, context: RoundContext): void {
  const { key, rule, list, subject, station, basin, drill, headline, settings } = condition;
  const before = draft
    .openGroups()
    .find((group) => group.list === list && group.basin === basin && group.drill === drill);
  const group = before?.id ?? context.mintId();
  const identity = { id: context.mintId(), key, rule, list, subject, station, basin, group, drill, headline };
  const silence = silenceOf(
    draft,
    { rule, station, drill, suppression: null, condition: 'active' },
    condition,
    context,
  );
  const lived = raise({ ...identity, response: settings.response }, sightingOf(condition), silence, draft.nowMs);
  if (before === undefined)
    draft.grouped(openGroup({ id: group, list, basin, drill } satisfies Partial<GroupState>, lived.alarm, draft.nowMs));
  draft.lived(lived);
}

function sightingOf(found: Found): Sighting {
  const { signal, priority, severity, sinceMs, headline, evidence, settings, keeps = null } = found;
  const { offDelayS, reAlarmMin, latch, response } = settings;
  const terms = { offDelayMs: offDelayS * 1000, reAlarmMs: reAlarmMin === null ? null : reAlarmMin * 60_000, latch };
  return { signal, priority, severity, sinceMs, headline, response, evidence, terms, keeps };
}

/** What silences it from outside: out of service before maintenance before design. A drill heeds its own only. */
export function silenceOf(
  draft: Draft,
  alarm: Pick<AlarmState, 'rule' | 'station' | 'drill' | 'suppression' | 'condition'>,
  seen: Found | undefined,
  { maintenance }: Pick<RoundContext, 'maintenance'>,
): Silence | null {
  const { rule, station, drill, suppression, condition } = alarm;
  if (station !== null && drill === null) {
    const service = serviceOf(draft, station, rule);
    if (service !== undefined) {
      const { by, atMs, untilMs, reason } = service;
      return { kind: 'out-of-service', by, atMs, untilMs, reason };
    }
    if (seen?.maintenance === true || maintenance(station)) return { kind: 'maintenance', atMs: draft.nowMs };
  }
  if (seen?.suppressed !== undefined) return { kind: 'by-design', atMs: draft.nowMs, reason: seen.suppressed };
  // What is not seen cannot say that its reason is over. Once it has returned, there is nothing left to be silent about.
  if (condition === 'returned') return null;
  if (seen?.signal !== 'on' && suppression?.kind === 'by-design') return suppression;
  if (seen === undefined && suppression?.kind === 'maintenance') return suppression;
  return null;
}

function serviceOf(draft: Draft, station: StationId, rule: string): OutOfService | undefined {
  return (
    draft.outOfService(outOfServiceId({ station, rule: null })) ?? draft.outOfService(outOfServiceId({ station, rule }))
  );
}
