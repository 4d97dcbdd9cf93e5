import { Alarm, BucketColumns, parseDelta, parseHeartbeat, parserOf, parseSnapshot, Snapshot } from '@siaga/protocol';
import { describe, expect, test } from 'vitest';
import { makeStations, reaches } from '../../dev/fake-situation.ts';
import { alarmOf } from '../alarms/testing.ts';
import { staffOf } from '../situation/testing.ts';
import { Compile } from './schema-check.ts';

const at = '2014-01-29T16:05:00.000Z';
const snapshot = {
  epoch: 'abc',
  seq: 7,
  serverTime: at,
  speed: 1,
  watermark: null,
  build: '1',
  deployment: { name: 'X', timeZone: 'Asia/Jakarta', bounds: [-7, 106, -5, 107], tiles: null },
  stations: [...makeStations(0).values()],
  reaches,
  basins: [{ id: 'ciliwung', name: 'Ciliwung' }],
  staff: null,
};
const buckets = {
  station: 'depok',
  bucketMs: 60_000,
  fromMs: [0],
  count: [1],
  minMm: [1],
  meanMm: [2],
  maxMm: [null],
  gaps: [],
};

/** Values one change away from the good one: each field in turn left out, or of another kind. */
function spoilt(good: Record<string, unknown>): unknown[] {
  return [
    null,
    [],
    'text',
    ...Object.keys(good).flatMap((name) => {
      const { [name]: _, ...rest } = good;
      return [rest, { ...good, [name]: { odd: true } }, { ...good, [name]: 'odd' }, { ...good, [name]: -1.5 }];
    }),
  ];
}

describe('the checker that stands in for the compiled one', () => {
  test('accepts and refuses what the protocol’s own parsers do', () => {
    const heartbeat = { epoch: 'abc', seq: 7, serverTime: at, speed: 1, watermark: at, build: '1' };
    const [depok] = snapshot.stations;
    const delta = {
      serverTime: at,
      changes: [{ seq: 8, knownAt: at, kind: 'station', id: 'depok', level: depok?.level }],
      values: [{ id: 'depok', value: depok?.value }],
    };
    const staff = staffOf([alarmOf('a1', { evidence: { stageMm: 1, note: null, sure: true } })]);
    const cases = [
      { compiled: parseSnapshot, checker: Compile(Snapshot), good: { ...snapshot, staff } },
      { compiled: parserOf(Alarm), checker: Compile(Alarm), good: alarmOf('a1') },
      { compiled: parseSnapshot, checker: Compile(Snapshot), good: snapshot },
      { compiled: parserOf(BucketColumns), checker: Compile(BucketColumns), good: buckets },
    ];
    for (const { compiled, checker, good } of cases) {
      expect(compiled(good)).toMatchObject({ ok: true });
      expect(checker.Errors(good)).toEqual([]);
      for (const bad of spoilt(good)) expect(checker.Check(bad), JSON.stringify(bad)).toBe(compiled(bad).ok);
    }
    expect(parseHeartbeat(heartbeat)).toMatchObject({ ok: true });
    expect(parseDelta(delta)).toMatchObject({ ok: true });
  });

  test('names the field at fault', () => {
    const bad = { ...snapshot, deployment: { ...snapshot.deployment, bounds: [1, 2, 3] } };
    expect(Compile(Snapshot).Errors(bad)).toEqual([
      { instancePath: '/deployment/bounds', message: 'has fewer than 4 items' },
    ]);
  });

  test('throws on a keyword that it does not know instead of letting everything pass', () => {
    const schema = { type: 'number', multipleOf: 2 } as unknown as typeof Snapshot;
    expect(() => Compile(schema).Check(3)).toThrow(/multipleOf/);
  });
});
