/** When the platform looks whether a neighbour is rising, and asks devices to report more often because of it. */
import type { StationId } from '@siaga/protocol';
import { isPresent } from './alarms/findings.ts';
import { paceOf } from './alarms/pace.ts';
import type { StationFacts, World } from './alarms/rule.ts';
import { machine } from './domain/alarm.ts';
import type { Commands } from './fleet/commands.ts';
import { type Asked, type Rising, wishes } from './fleet/neighbours.ts';
import { put, recordKind, type StateStore } from './ports.ts';

export type NeighbourLoop = {
  /** Learns what was asked before. */
  start(): Promise<void>;
  /** Looks once. */
  look(): Promise<void>;
  close(): Promise<void>;
};

const askedKind = recordKind<Asked>('neighbour-cadence');

/** Rising so fast is news in any band: what the rule `rate` calls half of an alarm. */
const fastMmPer10Min = 100;
/** Below this it is ripple, in whatever band. */
const leastMmPer10Min = 10;
const leastRiseMm = 100;

/** Stations where the water rises within a band of interest, or fast. What is under maintenance or not seen says nothing. */
export function risingStations({ stations, nowMs }: Pick<World, 'stations' | 'nowMs'>): Rising[] {
  return [...stations.values()].flatMap((facts): Rising[] => {
    const severity = facts.judged.severity ?? 0;
    return isRising(facts, nowMs) ? [{ station: facts.station.id, severity }] : [];
  });
}

function isRising(facts: StationFacts, nowMs: number): boolean {
  const { judged, level } = facts;
  if (level.maintenance || judged.quality === 'none' || !isPresent(facts, nowMs)) return false;
  // Above what the sensor can see no pace is known: there it is taken to rise on.
  if (judged.note === 'at-least') return true;
  const pace = paceOf(facts, leastRiseMm);
  if (pace === null) return false;
  // Works and tides move water at any pace.
  const { kind } = facts.station;
  const isFast = (kind === 'river' || kind === 'street') && pace >= fastMmPer10Min;
  return isFast || ((judged.severity ?? 0) > 0 && pace >= leastMmPer10Min);
}

export function neighbourLoop(options: {
  readonly world: () => Promise<World>;
  readonly commands: Pick<Commands, 'issue' | 'sweep'>;
  readonly state: StateStore;
  readonly onError: (error: Error) => void;
  /** Real ms. */
  readonly everyMs?: number;
}): NeighbourLoop {
  const { world, commands, state, onError, everyMs = 10_000 } = options;
  const asked = new Map<StationId, Asked>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function look(): Promise<void> {
    await commands.sweep();
    const now = await world();
    const { nowMs, stations, reaches } = now;
    const healthOf = (station: StationId) => {
      const health = stations.get(station)?.device?.health;
      return health?.state === 'online' ? health : null;
    };
    const wanted = wishes({
      nowMs,
      reaches,
      rising: risingStations(now),
      health: healthOf,
      intervalS: (station) => stations.get(station)?.value?.intervalS ?? null,
      asked: (station) => asked.get(station),
    });
    for (const { forS, ...wish } of wanted) {
      // Kept first: a crash between the two asks once too seldom, never in a ring.
      await state.commit({ nowMs, puts: [put({ kind: askedKind, id: wish.station, body: wish })] });
      asked.set(wish.station, wish);
      const { intervalS } = wish;
      await commands.issue(machine, wish.station, { act: 'cadence', intervalS, forS }, { expiresInS: forS });
    }
  }

  function lookOn(): void {
    running ??= look()
      .catch((error: unknown) => onError(error instanceof Error ? error : new Error(String(error))))
      .finally(() => {
        running = undefined;
      });
  }

  return {
    async start() {
      for (const { id, body } of await state.records(askedKind)) asked.set(id, body);
      timer = setInterval(lookOn, everyMs);
    },
    look,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
