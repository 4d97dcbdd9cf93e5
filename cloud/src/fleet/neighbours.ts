/**
 * The neighbour is rising: who should look more often because of it, and for how long. A device sees its own water only;
 * the platform sees the river. Downstream because the water comes there, just upstream because it says what comes next.
 */
import type { OnlineHealth, Reach, StationId } from '@siaga/protocol';
import { downstreamOf } from '../alarms/downstream.ts';

export type Rising = { readonly station: StationId; readonly severity: number };

/** What was asked of a station because of its neighbours, as it is kept. */
export type Asked = {
  readonly station: StationId;
  readonly because: StationId;
  readonly intervalS: number;
  readonly askedAtMs: number;
  readonly untilMs: number;
};

export type NeighbourWorld = {
  readonly nowMs: number;
  readonly rising: readonly Rising[];
  readonly reaches: readonly Reach[];
  /** What a station's device last told of itself; null where it is not known. */
  health(station: StationId): OnlineHealth | null;
  /** The reporting interval of its newest reading; null without one. */
  intervalS(station: StationId): number | null;
  asked(station: StationId): Asked | undefined;
};

export type Wish = Asked & { readonly forS: number };

const hourMs = 3_600_000;
/** Water that needs longer can be waited for. */
const farthestMs = 24 * hourMs;
/** What lies no further above says what comes next. */
const nearUpstreamMs = 6 * hourMs;
const leastForMs = hourMs;
const longestForMs = 6 * hourMs;

/** From severity 2 on every minute, else every two. */
function wantedIntervalS(severity: number): number {
  return severity >= 2 ? 60 : 120;
}

/**
 * Who is to be asked now. Level-triggered: the same world with what was asked in it wants nothing more, until half of the
 * time is over; while the water rises it is asked anew, and once it does not the last word lapses by itself.
 */
export function wishes(world: NeighbourWorld): Wish[] {
  const wanted = new Map<StationId, Wish>();
  for (const rising of world.rising)
    for (const { station, travelMs } of neighboursOf(rising.station, world.reaches)) {
      // What rises itself knows that it does.
      if (world.rising.some((other) => other.station === station)) continue;
      const intervalS = wantedIntervalS(rising.severity);
      const forMs = Math.min(Math.max(travelMs, leastForMs), longestForMs);
      const other = wanted.get(station);
      const isAsOften = other !== undefined && other.intervalS <= intervalS;
      if (isAsOften && (other.intervalS < intervalS || other.forS * 1000 >= forMs)) continue;
      const wish = {
        station,
        because: rising.station,
        intervalS,
        askedAtMs: world.nowMs,
        untilMs: world.nowMs + forMs,
        forS: Math.round(forMs / 1000),
      };
      if (isDue(wish, world)) wanted.set(station, wish);
    }
  return [...wanted.values()];
}

function neighboursOf(from: StationId, reaches: readonly Reach[]): { station: StationId; travelMs: number }[] {
  const below = downstreamOf(from, reaches)
    .filter(({ minMs }) => minMs <= farthestMs)
    .map(({ station, maxMs }) => ({ station, travelMs: maxMs }));
  const above = reaches
    .filter(({ to, travelHours }) => to === from && travelHours.min * hourMs <= nearUpstreamMs)
    .map((reach) => ({ station: reach.from, travelMs: reach.travelHours.max * hourMs }));
  return [...below, ...above];
}

function isDue(wish: Wish, world: NeighbourWorld): boolean {
  const asked = world.asked(wish.station);
  const { nowMs } = world;
  const isLate = asked === undefined || asked.untilMs <= nowMs;
  const half = asked === undefined ? 0 : (asked.untilMs - asked.askedAtMs) / 2;
  if (!isLate && asked.intervalS <= wish.intervalS && asked.untilMs - nowMs > half) return false;
  const cadence = world.health(wish.station)?.cadence;
  const ownS = cadence?.reportS ?? world.intervalS(wish.station);
  // What it does because it was told to would end with the telling.
  const byCommand = cadence?.reason === 'command' && !isLate;
  return ownS === null || ownS > wish.intervalS || byCommand;
}
