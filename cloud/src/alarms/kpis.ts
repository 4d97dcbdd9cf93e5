/**
 * How well alarms are managed, in the figures of ISA-18.2 and EEMUA 191: pure over the alarms' history. `items` are what
 * operators are called by (groups), `alarms` what they find in them.
 */
import type { Priority } from '@siaga/protocol';
import type { AlarmState, TransitionDraft } from '../domain/alarm.ts';
import type { JournalLine } from '../ports.ts';

export type KpiSpan = { readonly fromMs: number; readonly toMs: number };
type Line = Pick<JournalLine<TransitionDraft>, 'atMs' | 'body'>;

export type Rate = {
  readonly count: number;
  /** Of one operator. The largest is of any 10 minutes, not of those by the clock. */
  readonly per10MinAverage: number;
  readonly per10MinMax: number;
  /** From more than 10 in 10 minutes until fewer than 5. */
  readonly floods: readonly { readonly fromMs: number; readonly toMs: number; readonly count: number }[];
  readonly floodShare: number;
};

export type Kpis = {
  readonly operators: number;
  readonly items: Rate;
  readonly alarms: Rate;
  readonly priorities: Readonly<Record<Priority, { readonly count: number; readonly share: number }>>;
  /** Conditions that came and went three times within a minute. */
  readonly chattering: readonly string[];
  /** Alarms that were active for more than a day. */
  readonly stale: readonly string[];
  readonly topTen: readonly { readonly key: string; readonly count: number; readonly share: number }[];
  /** Seconds from the call to the answer. */
  readonly timeToAcknowledge: { readonly alarms: Waiting; readonly items: Waiting };
  /** Shelves that nobody may make: of the top priority for more than 30 minutes. */
  readonly unauthorisedSuppressions: number;
};

export type Waiting = {
  readonly answered: number;
  readonly unanswered: number;
  readonly medianS: number | null;
  readonly p90S: number | null;
};

const windowMs = 10 * 60_000;
const floodStarts = 10;
const floodEnds = 5;
const dayMs = 24 * 3_600_000;
const longestTopShelfMs = 30 * 60_000;

/** `lines` of the span, oldest first, and every alarm that they are of. Drills left out by the caller. */
export function kpisOf(
  lines: readonly Line[],
  alarms: ReadonlyMap<string, AlarmState>,
  span: KpiSpan,
  operators = 1,
): Kpis {
  const calls = lines.filter(({ body }) => body.evidence.annunciated === true);
  // By time: lines are in the order of writing, which a clock that was set back does not keep.
  const timesOf = (some: readonly Line[]) => some.map(({ atMs }) => atMs).sort((a, b) => a - b);
  const count = (priority: Priority) => calls.filter(({ body }) => body.priority === priority).length;
  const share = (part: number) => (calls.length === 0 ? 0 : part / calls.length);
  const portion = (priority: Priority) => ({ count: count(priority), share: share(count(priority)) });
  const keyOf = ({ body }: Line) => alarms.get(body.alarm ?? '')?.key ?? body.alarm ?? '';
  const sources = [...Map.groupBy(calls, keyOf)].map(([key, { length }]) => ({
    key,
    count: length,
    share: share(length),
  }));
  const groupCalls = lines.filter(({ body }) => body.kind === 'group-annunciated');
  return {
    operators,
    items: rateOf(timesOf(groupCalls), span, operators),
    alarms: rateOf(timesOf(calls), span, operators),
    priorities: { low: portion('low'), medium: portion('medium'), high: portion('high') },
    chattering: [...Map.groupBy(lines.filter(isOn), keyOf)]
      .filter(([, ons]) => isChattering(timesOf(ons)))
      .map(([key]) => key),
    stale: [...alarms.values()].filter((alarm) => isStale(alarm, span)).map(({ id }) => id),
    topTen: sources.sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1)).slice(0, 10),
    timeToAcknowledge: {
      alarms: waitingOf(lines, (body) => body.alarm, {
        isCall: (body) => body.evidence.annunciated === true,
        isAnswer: ({ kind }) => kind === 'acknowledged',
      }),
      items: waitingOf(lines, (body) => (body.alarm === null ? body.group : null), {
        isCall: ({ kind }) => kind === 'group-annunciated',
        isAnswer: ({ kind }) => kind === 'group-acknowledged',
      }),
    },
    unauthorisedSuppressions: lines.filter(isUnauthorised).length,
  };
}

function rateOf(times: readonly number[], { fromMs, toMs }: KpiSpan, operators: number): Rate {
  const floods = floodsOf(times, toMs, operators);
  const floodMs = floods.reduce((sum, flood) => sum + flood.toMs - flood.fromMs, 0);
  const spanMs = Math.max(toMs - fromMs, 1);
  return {
    count: times.length,
    per10MinAverage: (times.length * windowMs) / spanMs / operators,
    per10MinMax: times.reduce((most, atMs, i) => Math.max(most, i + 1 - firstWithin(times, atMs, i)), 0) / operators,
    floods,
    floodShare: floodMs / spanMs,
  };
}

/** The first index up to `i` whose time is within the 10 minutes that end at `atMs`. */
function firstWithin(times: readonly number[], atMs: number, i: number): number {
  let first = i;
  while (first > 0 && (times[first - 1] as number) > atMs - windowMs) first--;
  return first;
}

function floodsOf(times: readonly number[], toMs: number, operators: number): Rate['floods'] {
  const fewest = Math.ceil(floodEnds * operators);
  const floods: { fromMs: number; toMs: number; count: number }[] = [];
  let first: number | undefined;
  let told = 0;
  times.forEach((atMs, i) => {
    const earliest = Math.max(firstWithin(times, atMs, i), told);
    if (first === undefined && (i + 1 - earliest) / operators > floodStarts) first = earliest;
    if (first === undefined) return;
    // It ends as the fifth newest call grows older than 10 minutes, unless another comes before that.
    const endsMs = (times[i + 1 - fewest] as number) + windowMs;
    if ((times[i + 1] ?? Number.POSITIVE_INFINITY) <= endsMs) return;
    told = i + 1;
    floods.push({ fromMs: times[first] as number, toMs: Math.min(endsMs, toMs), count: told - first });
    first = undefined;
  });
  return floods;
}

function isOn({ body }: Line): boolean {
  return body.kind === 'raised' || body.kind === 'reactivated';
}

/** Came three times within a minute: it must have gone between. */
function isChattering(times: readonly number[]): boolean {
  return times.some((atMs, i) => atMs - (times[i - 2] ?? Number.NEGATIVE_INFINITY) < 60_000);
}

function isStale({ knownAtMs, returnedAtMs, closedAtMs }: AlarmState, { toMs }: KpiSpan): boolean {
  return Math.min(returnedAtMs ?? closedAtMs ?? toMs, toMs) - knownAtMs > dayMs;
}

function waitingOf(
  lines: readonly Line[],
  subjectOf: (body: TransitionDraft) => string | null,
  { isCall, isAnswer }: { isCall(body: TransitionDraft): boolean; isAnswer(body: TransitionDraft): boolean },
): Waiting {
  const calledAtMs = new Map<string, number>();
  const waitedS: number[] = [];
  for (const { atMs, body } of lines) {
    const subject = subjectOf(body);
    if (subject === null) continue;
    const sinceMs = calledAtMs.get(subject);
    if (isCall(body) && sinceMs === undefined) calledAtMs.set(subject, atMs);
    if (!isAnswer(body) || sinceMs === undefined) continue;
    waitedS.push(Math.max(atMs - sinceMs, 0) / 1000);
    calledAtMs.delete(subject);
  }
  waitedS.sort((a, b) => a - b);
  return {
    answered: waitedS.length,
    unanswered: calledAtMs.size,
    medianS: quantile(waitedS, 0.5),
    p90S: quantile(waitedS, 0.9),
  };
}

/** Of sorted values, the nearest rank; null of none. */
function quantile(sorted: readonly number[], q: number): number | null {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
}

function isUnauthorised({ atMs, body }: Line): boolean {
  if (body.kind !== 'shelved' || body.priority !== 'high') return false;
  return Date.parse(String(body.evidence.until)) - atMs > longestTopShelfMs;
}
