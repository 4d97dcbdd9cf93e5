import type { Alarm, Snapshot, StaffPicture, StationLevel, StationPicture, StationValue } from '@siaga/protocol';

/** Plausible pictures for tests, which name only what matters. */
export const levelBefore: StationLevel = {
  severity: 0,
  bandLabel: 'Siaga IV',
  since: '2014-01-29T10:00:00.000Z',
  presence: 'live',
  quality: 'good',
  note: null,
  maintenance: false,
};

export const valueBefore: StationValue = {
  gauge: 'main',
  observedAt: '2014-01-29T16:00:00.000Z',
  receivedAt: '2014-01-29T16:00:01.000Z',
  stageMm: 780,
  flag: 1,
  trend: 'rising',
  rateMmPer10Min: 120,
  intervalS: 60,
};

export function pictureOf(
  id = 'katulampa',
  level: Partial<StationLevel> = {},
  value: Partial<StationValue> | null = {},
): StationPicture {
  return {
    info: {
      id,
      name: id[0]?.toUpperCase() + id.slice(1),
      kind: 'river',
      basin: 'ciliwung',
      lat: -6.6331,
      lon: 106.837,
      gauges: ['main'],
      bands: [
        { severity: 0, label: 'Siaga IV', fromMm: null },
        { severity: 1, label: 'Siaga III', fromMm: 810 },
        { severity: 2, label: 'Siaga II', fromMm: 1510 },
        { severity: 3, label: 'Siaga I', fromMm: 2010 },
      ],
    },
    level: { ...levelBefore, ...level },
    value: value === null ? null : { ...valueBefore, ...value },
    official: null,
    works: null,
  };
}

export function snapshotOf(stations: StationPicture[], more: Partial<Snapshot> = {}): Snapshot {
  return {
    epoch: 'abc',
    seq: 10,
    serverTime: '2014-01-29T16:00:05.000Z',
    speed: 1,
    watermark: null,
    build: '1',
    deployment: { name: 'Test', timeZone: 'Asia/Jakarta', bounds: [-7, 106, -5, 108], tiles: null },
    stations,
    reaches: [],
    basins: [{ id: 'ciliwung', name: 'Ciliwung' }],
    staff: null,
    ...more,
  };
}

export function staffOf(alarms: Alarm[] = []): StaffPicture {
  return {
    session: {
      account: { id: 'ayu00001', name: 'Ayu', role: 'operator' },
      login: 'ayu',
      permissions: ['alarms:read', 'alarms:act'],
      idleUntil: '2014-01-30T04:00:00.000Z',
      absoluteUntil: '2014-01-30T16:00:00.000Z',
      fresh: false,
      drill: null,
    },
    alarms,
    groups: [],
    drills: [],
    people: [{ id: 'ayu00001', name: 'Ayu', role: 'operator' }],
  };
}
