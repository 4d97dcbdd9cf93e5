/**
 * What an operator handles as one item: all alarms of a list, basin and drill while any of them is open. Pure: the
 * group, its alarms and the time → the next group and what to write down. Acknowledging it acknowledges no alarm.
 */
import type { Priority, TransitionKind } from '@siaga/protocol';
import { type Actor, type AlarmState, type GroupState, louder, machine, priorityRank } from './alarm.ts';
import { compareAlarms, type LifeEvent } from './alarm-life.ts';
import { isOver } from './lapse.ts';

/** Further alarms of the top priority are gathered for so long before they call again. */
export const callRestMs = 60_000;

/** News no louder than what people know already calls when the last call or answer is so long ago. */
export const newsAfterMs = 30 * 60_000;

/** Minutes unanswered at which each step of the chain is told; the first has 0. */
export type Chain = readonly { readonly afterMin: number }[];

export type GroupStep = { readonly group: GroupState; readonly events: readonly LifeEvent[] };

export function openGroup(
  identity: Pick<GroupState, 'id' | 'list' | 'basin' | 'drill'>,
  first: AlarmState,
  nowMs: number,
): GroupStep {
  const group: GroupState = {
    ...identity,
    headline: first.headline,
    priority: first.priority,
    firstOut: first.id,
    openedAtMs: nowMs,
    acknowledged: null,
    annunciation: 0,
    annunciatedAtMs: null,
    escalation: 0,
    closedAtMs: null,
    unansweredSinceMs: null,
    calledVersion: 0,
    answeredVersion: 0,
    version: 1,
  };
  return { group, events: [event('group-opened')] };
}

/**
 * The group at `nowMs` with these open alarms in it. `headline` is what it should say of them now. Until one of its
 * alarms calls, a group is silent: its `annunciation` is 0.
 */
export function groupNow(
  before: GroupState,
  alarms: readonly AlarmState[],
  { headline, chain, nowMs }: { headline: string; chain: Chain; nowMs: number },
): GroupStep {
  if (before.closedAtMs !== null) return { group: before, events: [] };
  if (alarms.length === 0) return closed(before, nowMs);
  const events: LifeEvent[] = [];
  let group: GroupState = before.headline === headline ? before : { ...before, headline };
  const waiting = alarms.filter(isUnanswered);
  const reason = reasonToCall(group, alarms, nowMs);
  if (reason !== null) {
    group = call(group, alarms, nowMs);
    events.push(
      event('group-annunciated', { evidence: { call: group.annunciation, why: reason, alarms: alarms.length } }),
    );
  }
  group = clocked(group, alarms, nowMs);
  const escalation = waiting.length === 0 ? group.escalation : escalationAt(group, chain, nowMs);
  if (escalation > group.escalation) {
    group = { ...group, escalation };
    events.push(event('group-escalated', { evidence: { escalation } }));
  }
  if (group === before) return { group, events };
  const version = before.version + 1;
  return { group: { ...group, version, calledVersion: reason === null ? group.calledVersion : version }, events };
}

/** `seenVersion`: what the person answers to. What has called since then still wants to be heard. */
export function acknowledgeGroup(before: GroupState, by: Actor, seenVersion: number, nowMs: number): GroupStep {
  const group = {
    ...before,
    acknowledged: { by, atMs: nowMs },
    unansweredSinceMs: null,
    answeredVersion: seenVersion,
    version: before.version + 1,
  };
  return { group, events: [event('group-acknowledged', { actor: by })] };
}

function closed(before: GroupState, nowMs: number): GroupStep {
  const group = { ...before, closedAtMs: nowMs, unansweredSinceMs: null, version: before.version + 1 };
  return { group, events: [event('group-closed')] };
}

type Reason = 'first' | 'louder' | 'top' | 'news' | 'repeat';

/** Why the group must call for attention now; null when it need not. */
function reasonToCall(group: GroupState, alarms: readonly AlarmState[], nowMs: number): Reason | null {
  const audible = alarms.filter(isAudible);
  const unheard = audible.filter((alarm) => alarm.acknowledged === null && isUnheard(group, alarm));
  if (unheard.length > 0) {
    if (group.annunciatedAtMs === null) return 'first';
    const news = loudest(unheard);
    if (priorityRank[news] > priorityRank[group.priority]) return 'louder';
    const isRested = isOver(group.annunciatedAtMs, callRestMs, nowMs);
    const known = audible.filter((alarm) => !unheard.includes(alarm));
    const isLouder = known.length === 0 || priorityRank[news] > priorityRank[loudest(known)];
    if (isRested && isLouder) return 'louder';
    if (isRested && news === 'high') return 'top';
    const heardMs = Math.max(group.annunciatedAtMs, group.acknowledged?.atMs ?? 0);
    if (isOver(heardMs, newsAfterMs, nowMs) && news === loudest(known)) return 'news';
  }
  return isRepeatDue(group, audible, nowMs) ? 'repeat' : null;
}

/** It called after the group did, and after what a person saw who answered the group. */
function isUnheard({ calledVersion, answeredVersion }: GroupState, alarm: AlarmState): boolean {
  return alarm.annunciatedAtMs !== null && alarm.calledAtVersion >= Math.max(calledVersion, answeredVersion);
}

function isRepeatDue(group: GroupState, audible: readonly AlarmState[], nowMs: number): boolean {
  const { annunciatedAtMs, acknowledged } = group;
  if (annunciatedAtMs === null || acknowledged !== null) return false;
  return audible
    .filter(isUnanswered)
    .some(({ terms }) => terms.reAlarmMs !== null && isOver(annunciatedAtMs, terms.reAlarmMs, nowMs));
}

function call(group: GroupState, alarms: readonly AlarmState[], nowMs: number): GroupState {
  const audible = alarms.filter(isAudible);
  const present = loudest(audible);
  const isFirst = group.annunciatedAtMs === null;
  const isWaiting = group.unansweredSinceMs !== null;
  return {
    ...group,
    // What still waits for an answer at a higher priority keeps it.
    priority: isWaiting ? louder(group.priority, present) : present,
    firstOut: isFirst ? firstOf(audible).id : group.firstOut,
    acknowledged: null,
    annunciation: group.annunciation + 1,
    annunciatedAtMs: nowMs,
    escalation: isWaiting ? group.escalation : 0,
    unansweredSinceMs: group.unansweredSinceMs ?? nowMs,
  };
}

/** The escalation's clock runs from the first unanswered call, through alarms that go and come, until the answer. */
function clocked(group: GroupState, alarms: readonly AlarmState[], nowMs: number): GroupState {
  const isWaitedFor =
    group.annunciation > 0 &&
    group.acknowledged === null &&
    alarms.some(
      ({ acknowledged, suppression, annunciatedAtMs }) =>
        acknowledged === null && suppression === null && annunciatedAtMs !== null,
    );
  // Where the clock was set back, it is counted from now on.
  const unansweredSinceMs = isWaitedFor ? Math.min(group.unansweredSinceMs ?? nowMs, nowMs) : null;
  return unansweredSinceMs === group.unansweredSinceMs ? group : { ...group, unansweredSinceMs };
}

function escalationAt({ unansweredSinceMs, escalation }: GroupState, chain: Chain, nowMs: number): number {
  if (unansweredSinceMs === null) return escalation;
  const minutes = (nowMs - unansweredSinceMs) / 60_000;
  return Math.max(escalation, chain.filter(({ afterMin }) => afterMin <= minutes).length - 1);
}

/** Active and silenced by nothing. */
export function isAudible({ condition, suppression }: AlarmState): boolean {
  return condition === 'active' && suppression === null;
}

/** Audible, and nobody has said that they know of it. */
function isUnanswered(alarm: AlarmState): boolean {
  return isAudible(alarm) && alarm.acknowledged === null;
}

function loudest(alarms: readonly AlarmState[]): Priority {
  return alarms.map(({ priority }) => priority).reduce(louder, 'low');
}

function firstOf(alarms: readonly AlarmState[]): AlarmState {
  return [...alarms].sort((a, b) => a.knownAtMs - b.knownAtMs || compareAlarms(a, b))[0] as AlarmState;
}

function event(kind: TransitionKind, part: Partial<LifeEvent> = {}): LifeEvent {
  return { kind, actor: machine, reason: null, evidence: {}, ...part };
}
