import { type StationId, severities } from '@siaga/protocol';
import { Type } from 'typebox';
import type { KnownEpisode } from '../../domain/episode.ts';
import { staleAfterMs } from '../../domain/presence.ts';
import { type Downstream, downstreamOf } from '../downstream.ts';
import { commonDefaults, priorityOf, stationFinding } from '../findings.ts';
import type { Finding, KnownCrossing, RuleWorld, StationFacts, StationRule } from '../rule.ts';
import { cm } from '../words.ts';

const settings = Type.Object({
  leastLateMin: Type.Integer({
    minimum: 1,
    maximum: 1440,
    description: 'Known sooner than this after it began, a crossing is not late; the stale limit counts if longer',
  }),
});

const name = 'learnt-late';
const minuteMs = 60_000;

/** A station's travel times hold as long as its catalogue does: worked out once. */
const reachedBy = new WeakMap<readonly unknown[], Map<StationId, Downstream[]>>();

/**
 * A crossing that nobody was told of when it happened, since its readings came late, while its water is still on the
 * way to a station downstream. It goes when the water must have arrived.
 */
export const learntLate: StationRule<typeof settings> = {
  name,
  scope: 'station',
  list: 'flood',
  about:
    'A crossing upstream became known only after the link was back, and its water is still on its way downstream; off where it begins at tides, gates and pumps until set locally.',
  settings,
  defaults: (kind) => ({
    ...commonDefaults(
      'The water has already passed this station. Look at the stations downstream named here and warn their districts of the expected time; ask the upstream post for the present level.',
      { on: kind === 'river' || kind === 'street', onDelayS: 30 },
    ),
    leastLateMin: 10,
  }),
  find(world, facts, { leastLateMin }) {
    const { station, judged } = facts;
    const reached = reachedFrom(world, station.id);
    const travelMs = Math.max(0, ...reached.map(({ maxMs }) => maxMs));
    if (travelMs === 0) return [];
    const fromMs = world.nowMs - travelMs;
    const lateMs = Math.max(leastLateMin * minuteMs, staleAfterMs(judged.intervalS ?? 0, station.staleCapS));
    const late = world
      .episodes(station.id, fromMs)
      .filter((episode) => episode.severity > 0 && episode.firstKnownAtMs - episode.sinceMs > lateMs)
      .filter(({ sinceMs, peakAtMs }) => world.nowMs < Math.max(sinceMs, peakAtMs) + travelMs);
    if (late.length === 0) return [];
    const known = world.madeKnown(station.id, Math.min(fromMs, ...late.map(({ sinceMs }) => sinceMs)));
    const unknown = late.filter((episode) => !known.some((crossing) => tellsOf(crossing, episode)));
    return crossingsOf(unknown).map((episodes) => finding(world, facts, { episodes, known, reached }));
  },
};

function reachedFrom({ reaches }: RuleWorld, from: StationId): Downstream[] {
  const known = reachedBy.get(reaches) ?? new Map<StationId, Downstream[]>();
  reachedBy.set(reaches, known);
  const reached = known.get(from) ?? downstreamOf(from, reaches);
  known.set(from, reached);
  return reached;
}

/** An alarm may have seen the water pass its limit this much sooner than the episode says. */
const leewayMs = 30 * minuteMs;

/**
 * Whether people were told of this crossing by another rule: an alarm of its severity or above was active while it
 * lasted, and either began with it, or has not stepped down from an earlier one since.
 */
function tellsOf({ rule, severity, sinceMs, returnedAtMs, standing }: KnownCrossing, episode: KnownEpisode): boolean {
  if (rule === name || severity < episode.severity) return false;
  const untilMs = episode.untilMs ?? Number.POSITIVE_INFINITY;
  if (sinceMs > untilMs || (returnedAtMs ?? Number.POSITIVE_INFINITY) < episode.sinceMs) return false;
  return sinceMs >= episode.sinceMs - leewayMs || (standing ?? 0) >= episode.severity;
}

/** Episodes that lie within one another are one crossing, its highest severity last. */
function crossingsOf(episodes: readonly KnownEpisode[]): KnownEpisode[][] {
  const crossings: KnownEpisode[][] = [];
  for (const episode of [...episodes].sort((a, b) => a.sinceMs - b.sinceMs || a.severity - b.severity)) {
    const last = crossings.at(-1);
    const untilMs = last?.[0]?.untilMs;
    if (last !== undefined && (untilMs === null || episode.sinceMs < (untilMs ?? 0))) last.push(episode);
    else crossings.push([episode]);
  }
  return crossings.map((nested) => nested.sort((a, b) => a.severity - b.severity));
}

function finding(
  world: RuleWorld,
  facts: StationFacts,
  {
    episodes,
    known,
    reached,
  }: { episodes: readonly KnownEpisode[]; known: readonly KnownCrossing[]; reached: readonly Downstream[] },
): Finding {
  const { station } = facts;
  const top = episodes.at(-1) as KnownEpisode;
  const startMs = Math.min(...episodes.map(({ sinceMs }) => sinceMs));
  const peak = `${top.peakAtLeast ? 'at least ' : ''}${cm(top.peakStageMm)}`;
  const windows = reached
    .map(({ station: to, minMs, maxMs }) => ({ to, fromMs: startMs + minMs, toMs: top.peakAtMs + maxMs }))
    .filter(({ toMs }) => toMs > world.nowMs);
  const arrivals = windows.map(
    ({ to, fromMs, toMs }) =>
      `${world.stations.get(to)?.station.name ?? to} ${world.timeOfDay(fromMs)}–${world.timeOfDay(toMs)}`,
  );
  return {
    ...stationFinding(name, facts, {
      signal: 'on',
      priority: priorityOf(top.severity),
      severity: top.severity,
      sinceMs: top.sinceMs,
      headline: `${station.name} passed ${top.bandLabel} at ${world.timeOfDay(top.sinceMs)}, learnt late: peak ${peak} at ${world.timeOfDay(top.peakAtMs)}; expected at ${arrivals.join(', ')} (sensor, provisional)`,
      evidence: {
        severity: severities[top.severity] ?? null,
        bandLabel: top.bandLabel,
        crossedAt: new Date(top.sinceMs).toISOString(),
        firstKnownAt: new Date(top.firstKnownAtMs).toISOString(),
        peakStageMm: top.peakStageMm,
        peakAtLeast: top.peakAtLeast,
        peakAt: new Date(top.peakAtMs).toISOString(),
        endedAt: top.untilMs === null ? null : new Date(top.untilMs).toISOString(),
        ...Object.fromEntries(
          windows.map(({ to, fromMs, toMs }) => [
            `expectedAt.${to}`,
            `${new Date(fromMs).toISOString()}/${new Date(toMs).toISOString()}`,
          ]),
        ),
      },
    }),
    key: keyOf(station.id, episodes, known),
  };
}

/** More late readings may move a crossing's beginning: it keeps the key under which it was made known. */
function keyOf(station: StationId, episodes: readonly KnownEpisode[], known: readonly KnownCrossing[]): string {
  const startMs = Math.min(...episodes.map(({ sinceMs }) => sinceMs));
  const own = known.find(
    (crossing) =>
      crossing.rule === name &&
      episodes.some(
        ({ sinceMs, untilMs }) =>
          sinceMs <= crossing.sinceMs && crossing.sinceMs < (untilMs ?? Number.POSITIVE_INFINITY),
      ),
  );
  return own?.key ?? `${name}/${station}/${new Date(startMs).toISOString()}`;
}
