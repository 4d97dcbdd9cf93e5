/**
 * The life of one alarm, after ISA-18.2: active or returned, acknowledged or not, and one slot for why it is silent.
 * Pure: (alarm, what happened, now) → the next alarm and what to write down. It leaves the list only when it is
 * returned and acknowledged, a latched one when it was reset too.
 */
import type { Evidence, Priority, Severity, TransitionKind } from '@siaga/protocol';
import {
  type Actor,
  type AlarmState,
  type Crossing,
  louder,
  machine,
  priorityRank,
  type Silence,
  type SuppressionState,
  type Terms,
} from './alarm.ts';
import { isOver } from './lapse.ts';

/** The condition as a rule sees it at one look; `hold` lies in the dead-band and keeps what is there. */
export type Sighting = {
  readonly signal: 'on' | 'hold';
  readonly priority: Priority;
  readonly severity: Severity | null;
  readonly sinceMs: number;
  readonly headline: string;
  readonly response: string;
  readonly evidence: Evidence;
  readonly terms: Terms;
  /** Up to this priority an alarm that stands is kept as it is: what it says is within its dead-band. */
  readonly keeps: Priority | null;
};

/** What can happen to an open alarm. `silence` is what keeps it silent from outside now, by its own time. */
export type AlarmInput =
  /** A rule looked: null when it found nothing. `unwatched`: why it never will again. */
  | {
      readonly kind: 'looked';
      readonly sighting: Sighting | null;
      readonly silence: Silence | null;
      readonly unwatched?: string | null;
    }
  /** Time went by and nobody looked. */
  | { readonly kind: 'waited'; readonly silence: Silence | null }
  | { readonly kind: 'acknowledge'; readonly by: Actor; readonly reason: string | null }
  | {
      readonly kind: 'shelve';
      readonly by: Actor;
      readonly untilMs: number;
      readonly oneShot: boolean;
      readonly reason: string;
    }
  | { readonly kind: 'unshelve'; readonly by: Actor; readonly silence: Silence | null }
  | { readonly kind: 'reset'; readonly by: Actor }
  /** A drill is over. */
  | { readonly kind: 'end'; readonly reason: string };

export type LifeEvent = {
  readonly kind: TransitionKind;
  readonly actor: Actor;
  readonly reason: string | null;
  readonly evidence: Evidence;
};

export type Lived = {
  readonly alarm: AlarmState;
  readonly events: readonly LifeEvent[];
  /** It calls for attention now. */
  readonly called: boolean;
};

/** Whatever the settings say: an alarm that could go and come within seconds would chatter. */
export const leastOffDelayMs = 60_000;

/**
 * A condition that comes back sooner than this after it last called, or below the top priority after it went, does not
 * call again: the water plays about its limit.
 */
export const longSilenceMs = 15 * 60_000;

const keptCrossings = 50;

/** A new alarm; it calls at once unless something silences it. */
export function raise(
  identity: Pick<
    AlarmState,
    'id' | 'key' | 'rule' | 'list' | 'subject' | 'station' | 'basin' | 'group' | 'drill' | 'headline' | 'response'
  >,
  sighting: Sighting,
  silence: Silence | null,
  nowMs: number,
): Lived {
  const { priority, severity, sinceMs, evidence, terms } = sighting;
  const trail = begin(
    {
      ...identity,
      priority,
      severity,
      evidence,
      terms,
      sinceMs,
      condition: 'active',
      acknowledged: null,
      suppression: null,
      latched: false,
      knownAtMs: nowMs,
      annunciatedAtMs: null,
      returnedAtMs: null,
      closedAtMs: null,
      easingSinceMs: null,
      goneSinceMs: null,
      owed: true,
      calledAtVersion: 0,
      crossings: severity === null ? [] : [{ severity, sinceMs }],
      version: 0,
    },
    nowMs,
  );
  say(trail, 'raised', { evidence });
  silenceBy(trail, silence);
  return settled(trail);
}

/** What becomes of an open alarm. A closed one never changes. The same object where nothing does. */
export function live(alarm: AlarmState, input: AlarmInput, nowMs: number): Lived {
  if (alarm.closedAtMs !== null) return { alarm, events: [], called: false };
  const trail = begin(alarm, nowMs);
  happen(trail, input);
  return settled(trail);
}

function happen(trail: Trail, input: AlarmInput): void {
  const { nowMs } = trail;
  endShelf(trail);
  switch (input.kind) {
    case 'looked':
      look(trail, input.sighting, input.unwatched ?? null);
      silenceBy(trail, input.silence);
      break;
    case 'waited':
      silenceBy(trail, input.silence);
      break;
    case 'acknowledge':
      change(trail, { acknowledged: { by: input.by, atMs: nowMs }, owed: false });
      say(trail, 'acknowledged', { actor: input.by, reason: input.reason });
      break;
    case 'shelve': {
      const { by, untilMs, oneShot, reason } = input;
      change(trail, { suppression: { kind: 'shelved', by, atMs: nowMs, untilMs, oneShot, reason } });
      const evidence = { until: new Date(untilMs).toISOString(), oneShot };
      say(trail, 'shelved', { actor: by, reason, evidence });
      break;
    }
    case 'unshelve':
      if (trail.alarm.suppression?.kind === 'shelved') unshelve(trail, { actor: input.by });
      silenceBy(trail, input.silence);
      break;
    case 'reset':
      change(trail, { latched: false });
      say(trail, 'reset', { actor: input.by });
      break;
    case 'end':
      change(trail, { closedAtMs: nowMs });
      say(trail, 'closed', { reason: input.reason });
      break;
  }
}

function look(trail: Trail, sighting: Sighting | null, unwatched: string | null): void {
  if (sighting === null) {
    miss(trail, unwatched);
    return;
  }
  if (!sameTerms(trail.alarm.terms, sighting.terms)) change(trail, { terms: sighting.terms });
  if (sighting.signal === 'hold') {
    if (trail.alarm.condition === 'active') change(trail, stands);
    return;
  }
  if (trail.alarm.condition === 'returned') comeBack(trail, sighting);
  const { priority, severity } = trail.alarm;
  const risen = { priority: louder(sighting.priority, priority), severity: higher(sighting.severity, severity) };
  const isKept = sighting.keeps !== null && priorityRank[priority] <= priorityRank[sighting.keeps];
  if (risen.priority !== priority || risen.severity !== severity) stepUp(trail, sighting, risen);
  else if (isKept || (sighting.priority === priority && sighting.severity === severity)) change(trail, stands);
  else ease(trail, sighting);
}

/** What an alarm's condition is while nothing eases. */
const stands = { easingSinceMs: null, goneSinceMs: null };

/** Not found: gone, but for the off-delay. */
function miss(trail: Trail, unwatched: string | null): void {
  const { alarm, nowMs } = trail;
  if (alarm.condition === 'returned') return;
  const goneSinceMs = countedFrom(alarm.goneSinceMs, nowMs);
  change(trail, { goneSinceMs, easingSinceMs: countedFrom(alarm.easingSinceMs, nowMs) });
  if (nowMs - goneSinceMs < offDelayMs(alarm)) return;
  change(trail, { condition: 'returned', returnedAtMs: nowMs, latched: alarm.terms.latch, owed: false });
  change(trail, stands);
  say(trail, 'returned', { reason: unwatched });
  if (alarm.suppression?.kind === 'shelved' && alarm.suppression.oneShot)
    unshelve(trail, { reason: 'The condition has returned to normal.' });
}

/** The same alarm again. What comes back soon does not call, and stands as it stood until that has eased. */
function comeBack(trail: Trail, { priority, severity, response, evidence, headline, sinceMs }: Sighting): void {
  const { alarm, nowMs } = trail;
  const isLongGone = priority === 'high' || isOver(alarm.returnedAtMs ?? nowMs, longSilenceMs, nowMs);
  const owed = alarm.annunciatedAtMs === null || (isLongGone && isLongQuiet(trail));
  const isLower =
    louder(priority, alarm.priority) === alarm.priority && higher(severity, alarm.severity) === alarm.severity;
  // What calls for a lower stage must not call as loud as the higher one did.
  if (owed && isLower) change(trail, { priority, severity, response });
  change(trail, { condition: 'active', returnedAtMs: null, latched: false, acknowledged: null, owed, evidence });
  change(trail, { headline, crossings: withCrossing(alarm.crossings, severity, sinceMs) });
  say(trail, 'reactivated', { evidence });
}

/** Every step up calls anew, and what people said of the step below it no longer holds. */
function stepUp(trail: Trail, sighting: Sighting, risen: Pick<AlarmState, 'priority' | 'severity'>): void {
  const { headline, response, evidence, severity, sinceMs } = sighting;
  const crossings =
    risen.severity === trail.alarm.severity
      ? trail.alarm.crossings
      : withCrossing(trail.alarm.crossings, severity, sinceMs);
  change(trail, { ...risen, headline, response, evidence, crossings, acknowledged: null, owed: true });
  change(trail, stands);
  say(trail, 'stepped-up', { evidence });
  if (trail.alarm.suppression?.kind === 'shelved') unshelve(trail, { reason: 'It has stepped up.' });
}

/** Lower than the alarm says: it follows after the off-delay, without a call. */
function ease(trail: Trail, { priority, severity, headline, response, evidence }: Sighting): void {
  const { alarm, nowMs } = trail;
  const easingSinceMs = countedFrom(alarm.easingSinceMs, nowMs);
  change(trail, { easingSinceMs, goneSinceMs: null });
  if (nowMs - easingSinceMs < offDelayMs(alarm)) return;
  change(trail, { priority, severity, headline, response, evidence, easingSinceMs: null });
  say(trail, 'stepped-down', { evidence });
}

function endShelf(trail: Trail): void {
  const { suppression } = trail.alarm;
  if (suppression?.kind !== 'shelved') return;
  const { atMs, untilMs } = suppression;
  if (!isOver(atMs, untilMs - atMs, trail.nowMs)) return;
  const hasExpired = untilMs <= trail.nowMs;
  unshelve(trail, {
    reason: hasExpired ? 'The shelf has expired.' : 'The clock was set back to before it was shelved.',
  });
}

/** Back from the shelf: an active alarm calls anew, and wants a new answer. */
function unshelve(trail: Trail, by: Partial<LifeEvent>): void {
  const active = trail.alarm.condition === 'active';
  change(trail, { suppression: null, ...(active ? { owed: true, acknowledged: null } : {}) });
  say(trail, 'unshelved', by);
}

/** A shelf that a person chose stands before what silences from outside; that takes its place when the shelf ends. */
function silenceBy(trail: Trail, silence: Silence | null): void {
  const { suppression } = trail.alarm;
  if (suppression?.kind === 'shelved' || sameSilence(suppression, silence)) return;
  if (suppression !== null) {
    change(trail, { suppression: null });
    if (trail.alarm.condition === 'active') recall(trail, suppression.kind);
    say(trail, 'unsuppressed', { evidence: { suppression: suppression.kind } });
  }
  if (silence === null) return;
  change(trail, { suppression: silence });
  const actor = silence.kind === 'out-of-service' ? silence.by : machine;
  const reason = silence.kind === 'maintenance' ? null : silence.reason;
  say(trail, 'suppressed', { actor, reason, evidence: { suppression: silence.kind } });
}

/** What is active when its silence ends calls where nobody knows of it, or none has for long. */
function recall(trail: Trail, was: Silence['kind']): void {
  // A station that was out of service was not watched: what is active there now is news.
  if (was === 'out-of-service') change(trail, { owed: true, acknowledged: null });
  else if (trail.alarm.acknowledged === null && isLongQuiet(trail)) change(trail, { owed: true });
}

/** It has not called for long, or never. */
function isLongQuiet({ alarm: { annunciatedAtMs }, nowMs }: Trail): boolean {
  return annunciatedAtMs === null || isOver(annunciatedAtMs, longSilenceMs, nowMs);
}

/** Since when a delay runs; where the clock was set back, it begins again. */
function countedFrom(sinceMs: number | null, nowMs: number): number {
  return Math.min(sinceMs ?? nowMs, nowMs);
}

/** Closes what is done with, and calls where it is owed and nothing silences it. */
function settled(trail: Trail): Lived {
  const { before, nowMs, events } = trail;
  // A shelf is about the condition, which may come back while it lasts: it keeps its alarm.
  if (trail.alarm.closedAtMs === null && isDone(trail.alarm)) {
    change(trail, { closedAtMs: nowMs });
    say(trail, 'closed');
  }
  const { alarm } = trail;
  const { owed, condition, suppression, goneSinceMs, closedAtMs } = alarm;
  const called = owed && condition === 'active' && suppression === null && goneSinceMs === null && closedAtMs === null;
  if (called) call(trail);
  if (called || events.length > 0) change(trail, { version: before.version + 1 });
  return { alarm: trail.alarm, events, called };
}

/** The line of the history that made it call says so. */
function call(trail: Trail): void {
  // Its shelf ended while it seemed to be gone: it calls when it is found again.
  if (trail.events.length === 0) say(trail, 'reactivated', { evidence: trail.alarm.evidence });
  const last = trail.events.at(-1) as LifeEvent;
  trail.events.splice(-1, 1, { ...last, evidence: { ...last.evidence, annunciated: true } });
  change(trail, { owed: false, annunciatedAtMs: trail.nowMs });
}

function isDone({ condition, latched, acknowledged, annunciatedAtMs, suppression }: AlarmState): boolean {
  const answered = acknowledged !== null || annunciatedAtMs === null;
  return condition === 'returned' && !latched && answered && suppression?.kind !== 'shelved';
}

function offDelayMs({ terms }: AlarmState): number {
  return Math.max(terms.offDelayMs, leastOffDelayMs);
}

function higher(a: Severity | null, b: Severity | null): Severity | null {
  return (a ?? -1) >= (b ?? -1) ? a : b;
}

function withCrossing(before: readonly Crossing[], severity: Severity | null, sinceMs: number): readonly Crossing[] {
  const last = before.at(-1);
  if (severity === null || (last?.severity === severity && last.sinceMs === sinceMs)) return before;
  return [...before, { severity, sinceMs }].slice(-keptCrossings);
}

function sameTerms(a: Terms, b: Terms): boolean {
  return a.offDelayMs === b.offDelayMs && a.reAlarmMs === b.reAlarmMs && a.latch === b.latch;
}

/** Alike but for when it began to be so. */
function sameSilence(a: SuppressionState | null, b: Silence | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.kind === 'out-of-service' && b.kind === 'out-of-service') return a.untilMs === b.untilMs && a.atMs === b.atMs;
  return a.kind === b.kind;
}

/** One alarm on its way through what happens to it. */
type Trail = { readonly before: AlarmState; alarm: AlarmState; readonly events: LifeEvent[]; readonly nowMs: number };

function begin(alarm: AlarmState, nowMs: number): Trail {
  return { before: alarm, alarm, events: [], nowMs };
}

/** Makes a new object only where something differs, so that what did not change is not written. */
function change(trail: Trail, part: Partial<AlarmState>): void {
  const { alarm } = trail;
  const differs = (Object.keys(part) as (keyof AlarmState)[]).some((name) => part[name] !== alarm[name]);
  if (differs) trail.alarm = { ...alarm, ...part };
}

function say(trail: Trail, kind: TransitionKind, event: Partial<LifeEvent> = {}): void {
  trail.events.push({ kind, actor: machine, reason: null, evidence: {}, ...event });
}

/** Whether one alarm outranks another: for what to show first. */
export function compareAlarms(a: AlarmState, b: AlarmState): number {
  return (
    priorityRank[b.priority] - priorityRank[a.priority] ||
    (b.severity ?? -1) - (a.severity ?? -1) ||
    a.knownAtMs - b.knownAtMs ||
    (a.id < b.id ? -1 : 1)
  );
}
