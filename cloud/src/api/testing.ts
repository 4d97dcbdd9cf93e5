/** Plausible stand-ins for what the API asks, for its tests. */
import {
  type Change,
  permissions,
  type Snapshot,
  type StationLevel,
  type StationPicture,
  type StationValue,
} from '@siaga/protocol';
import type { DutyRoom } from '../duty/duty.ts';
import type { ChangeLog } from '../ports.ts';
import type { Declarations } from '../shift/declared.ts';
import type { ShiftLog } from '../shift/log.ts';
import type { AccessOptions, Caller } from './access.ts';
import type { ApiOptions } from './app.ts';
import type { Queries } from './queries.ts';
import type { ChannelRouteOptions } from './routes/channels.ts';

export const at = '2014-01-29T17:00:00.000Z';
export const atMs = Date.parse(at);

const level: StationLevel = {
  severity: 1,
  bandLabel: 'Siaga III',
  since: at,
  presence: 'live',
  quality: 'good',
  note: null,
  maintenance: false,
};

export const value: StationValue = {
  gauge: 'main',
  observedAt: at,
  receivedAt: at,
  stageMm: 900,
  flag: 1,
  trend: 'rising',
  rateMmPer10Min: 20,
  intervalS: 60,
};

const katulampa: StationPicture = {
  info: {
    id: 'katulampa',
    name: 'Katulampa',
    kind: 'river',
    basin: 'ciliwung',
    lat: -6.6331,
    lon: 106.83708,
    gauges: ['main'],
    bands: [],
  },
  level,
  value,
  official: null,
  works: null,
};

const snapshot: Snapshot = {
  epoch: 'e1',
  seq: 0,
  serverTime: at,
  speed: 1,
  watermark: at,
  build: 'test',
  deployment: { name: 'Test', timeZone: 'Asia/Jakarta', bounds: [-7, 106, -6, 107], tiles: null },
  stations: [katulampa],
  reaches: [],
  basins: [{ id: 'ciliwung', name: 'Ciliwung' }],
  staff: null,
};

export function plausibleQueries(over: Partial<Queries> = {}): Queries {
  return {
    nowMs: () => atMs + 30_000,
    snapshot: () => snapshot,
    snapshotVersion: () => 'v1',
    station: (id) => (id === 'katulampa' ? { ...katulampa, thresholds: [], calibrations: [] } : undefined),
    readings: async () => undefined,
    buckets: async () => undefined,
    episodes: async () => undefined,
    fleet: async () => [],
    device: async () => undefined,
    calibrations: async () => undefined,
    quarantine: async () => ({ entries: [], dropped: [] }),
    unready: async () => [],
    ...over,
  };
}

/** A caller who may do everything. */
export const anyone: Caller = {
  account: { id: 'tester00', name: 'Tester', role: 'admin' },
  permissions: new Set(permissions),
  drill: null,
  fresh: true,
  by: 'token',
  session: 'test',
  valid: () => true,
};

/** No station can be declared of. */
export const nothingToDeclare: Declarations = {
  official: () => null,
  works: () => null,
  declare: async () => undefined,
  enterWorks: async () => undefined,
};

/** A fleet without devices. */
export const noFleet: ApiOptions['care'] = {
  commands: { issue: async () => ({ ok: false, code: 'not-found', reason: 'There is no device here.' }) },
  calibrations: { decide: async () => ({ ok: false, code: 'not-found', reason: 'There is no calibration here.' }) },
};

/** A shift log that answers and keeps nothing. */
export const emptyLog: ShiftLog = {
  list: async () => [],
  add: async (actor, note) => ({ ...note, no: 1, at, kind: 'entry', actor, handover: null }),
  handOver: async (actor, { to, text, drill }) => ({
    no: 1,
    at,
    kind: 'handover',
    actor,
    text,
    drill,
    alarm: null,
    station: null,
    handover: { to, open: [], accepted: false },
  }),
  accept: async () => undefined,
};

/** Everybody is `caller`. */
export function accessAs(caller: Caller | null = anyone): AccessOptions {
  return { authenticate: async () => caller, ownOrigin: () => false };
}

export function changeOf(seq: number): Change {
  return { seq, knownAt: at, kind: 'station', id: 'katulampa', level };
}

/** A change log in memory; `kept` is how many of the newest changes it can still tell. */
export function memoryChanges(
  epoch = 'e1',
  kept = Number.POSITIVE_INFINITY,
): ChangeLog & { add(count: number): Change[] } {
  const all: Change[] = [];
  return {
    epoch,
    head: () => all.length,
    watch: () => () => {},
    since: async (seq, limit) => (all.length - seq > kept ? null : all.slice(seq, seq + limit)),
    add(count) {
      const added = Array.from({ length: count }, (_, i) => changeOf(all.length + i + 1));
      all.push(...added);
      return added;
    },
  };
}

/** No channel and no roster. */
export const nobodyTold: ChannelRouteOptions & { readonly duty: DutyRoom } = {
  duty: {
    start: async () => {},
    roster: () => ({ version: 0, shifts: [] }),
    onDuty: () => [],
    gaps: () => [],
    replace: async () => ({ ok: false, code: 'invalid', reason: 'There is no roster here.' }),
  },
  dispatcher: {
    channels: () => [],
    test: async () => ({ ok: false, code: 'not-found', reason: 'There is no channel here.' }),
    seen: async () => ({ ok: false, code: 'not-found', reason: 'There is no channel here.' }),
  },
  pushKey: null,
};
