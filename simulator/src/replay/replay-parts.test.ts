import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { sensorNamed } from '../sensors.ts';
import { parseRecord, type Row } from './csv.ts';
import { paceOf } from './pace.ts';
import { siteCatalogue, siteFor } from './site.ts';
import { judged } from './verdict.ts';

function rowsOf(text: string): Row[] {
  const record = parseRecord(text);
  if (!record.ok) throw new Error(record.reason);
  return record.value;
}

function faultOf(text: string): string {
  const record = parseRecord(text);
  return record.ok ? 'none' : record.reason;
}

test('a record is read with and without fractions, with CRLF, a BOM and other columns', () => {
  const text = '\uFEFFstage_m,flag,time_utc\r\n1.3815,a,2024-05-01T00:00:00Z\r\n-0.062,b,2024-05-01T00:15:00.250Z\r\n';
  expect(rowsOf(text)).toEqual([
    { line: 2, atMs: Date.UTC(2024, 4, 1), stageMm: 1382 },
    { line: 3, atMs: Date.UTC(2024, 4, 1, 0, 15, 0, 250), stageMm: -62 },
  ]);
  expect(rowsOf('time_utc,stage_m\n2024-05-01T00:00:00.123000Z,72.136\n')[0]?.stageMm).toBe(72_136);
});

test('every fault is named by its line', () => {
  const text = [
    'time_utc,stage_m',
    '2024-05-01T00:00:00Z,1.0',
    'yesterday,1.0',
    '2024-05-01T00:30:00Z,',
    '2024-05-01T00:00:00Z,1.1',
    '2024-05-01 01:00:00,1.1',
    '2024-13-01T01:00:00Z,1.1',
    '2024-05-01T02:00:00.0001Z,1.1',
    '2024-05-01T02:00:00Z,1e3',
  ].join('\n');
  expect(faultOf(text).split('\n')).toEqual([
    'line 3: time_utc "yesterday" is not an ISO time in UTC, like 2024-05-01T06:15:00Z',
    'line 4: stage_m "" is not a number of metres',
    'line 5: time_utc 2024-05-01T00:00:00Z is not after that of line 2',
    'line 6: time_utc "2024-05-01 01:00:00" is not an ISO time in UTC, like 2024-05-01T06:15:00Z',
    'line 7: time_utc "2024-13-01T01:00:00Z" is not an ISO time in UTC, like 2024-05-01T06:15:00Z',
    'line 8: time_utc "2024-05-01T02:00:00.0001Z" is not an ISO time in UTC, like 2024-05-01T06:15:00Z',
    'line 9: stage_m "1e3" is not a number of metres',
  ]);
  expect(faultOf('a,b\n1,2')).toContain('time_utc and stage_m');
  expect(faultOf('time_utc,stage_m\n')).toBe('the file has no rows');
  expect(faultOf(`time_utc,stage_m\n${'x,1\n'.repeat(30)}`)).toContain('and 10 more');
});

function record(...steps: [minutes: number, stageMm: number][]): Row[] {
  return steps.map(([minutes, stageMm], i) => ({
    line: i + 2,
    atMs: Date.UTC(2024, 0, 1) + minutes * 60_000,
    stageMm,
  }));
}

test('a usual row takes 20 ms; a very long gap makes all faster; a speed asked for stands', () => {
  const even = record([0, 0], [15, 0], [30, 0], [45, 0]);
  expect(paceOf(even)).toMatchObject({ speed: 45_000, intervalS: 900, longestGapRealMs: 20 });
  const gapped = record([0, 0], [15, 0], [30, 0], [45, 0], [45 + 60 * 24 * 60, 0]);
  expect(paceOf(gapped)).toMatchObject({ longestGapRealMs: 20_000, intervalS: 900 });
  expect(paceOf(gapped, 45_000).longestGapRealMs).toBe(115_200);
  expect(paceOf(record([0, 5])).intervalS).toBe(60);
});

test('the sensor hangs so that every stage is within its span, high or negative', () => {
  for (const rows of [record([0, 72_136], [1, 74_604]), record([0, -94], [1, 289]), record([0, 0], [1, 8000])]) {
    const site = siteFor(rows);
    if (!site.ok) throw new Error(site.reason);
    const { sensorElevationMm, type } = site.value;
    for (const { stageMm } of rows) {
      expect(sensorElevationMm - stageMm).toBeGreaterThan(type.blankingMm + 100);
      expect(sensorElevationMm - stageMm).toBeLessThan(type.nothingMm - 100);
    }
  }
  const tall = siteFor(record([0, 0], [1, 4400]), sensorNamed('dfrobot-a02yyuw'));
  expect(tall).toEqual({ ok: false, reason: 'the record spans 4400 mm, more than dfrobot-a02yyuw can see' });
  expect(siteFor(record([0, 0], [1, 20_000])).ok).toBe(false);
});

test('the made catalogue holds that station with its elevation', () => {
  const rows = record([0, 1300], [1, 1500]);
  const site = siteFor(rows);
  if (!site.ok) throw new Error(site.reason);
  const catalogue = parse(siteCatalogue('calder', site.value, rows[0]?.atMs ?? 0));
  expect(catalogue.stations[0].id).toBe('calder');
  expect(catalogue.stations[0].gauges[0].calibrations[0].sensorElevationMm).toBe(site.value.sensorElevationMm);
});

const rows = record([0, 1000], [15, 1100], [30, 1200]);
const readings = rows.map(({ atMs, stageMm }) => ({ observedAtMs: atMs, stageMm }));

test('a whole and exact return is good; 10 mm off still is', () => {
  expect(judged(rows, readings)).toEqual({
    rows: 3,
    readings: 3,
    missing: 0,
    twice: 0,
    foreign: 0,
    off: 0,
    maxDifferenceMm: 0,
    maxDifferenceMs: 0,
    ok: true,
  });
  expect(judged(rows, readings.with(1, { observedAtMs: rows[1]?.atMs ?? 0, stageMm: 1110 }))).toMatchObject({
    maxDifferenceMm: 10,
    ok: true,
  });
});

test('missing, twice, foreign and off are each found', () => {
  const [first, second, third] = readings as [(typeof readings)[0], (typeof readings)[0], (typeof readings)[0]];
  expect(judged(rows, [first, third])).toMatchObject({ missing: 1, ok: false });
  expect(judged(rows, [first, second, second, third])).toMatchObject({ twice: 1, missing: 0, ok: false });
  expect(judged(rows, [first, second, { ...third, observedAtMs: third.observedAtMs + 7 }])).toMatchObject({
    missing: 1,
    foreign: 1,
    maxDifferenceMs: 7,
    ok: false,
  });
  expect(judged(rows, [first, second, { ...third, stageMm: 1211 }])).toMatchObject({
    off: 1,
    maxDifferenceMm: 11,
    ok: false,
  });
  expect(judged(rows, [first, second, { observedAtMs: third.observedAtMs, stageMm: null }])).toMatchObject({
    off: 1,
    ok: false,
  });
});
