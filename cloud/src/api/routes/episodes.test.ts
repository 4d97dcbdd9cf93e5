import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { plausibleApi } from '../../api-testing.ts';
import { accessAs, at, atMs, plausibleQueries } from '../testing.ts';

let webDir: string;
let asked: unknown[];
let api: Awaited<ReturnType<typeof plausibleApi>>;

const flood = {
  station: 'katulampa',
  severity: 2,
  bandLabel: 'Siaga II',
  since: at,
  until: null,
  peakStageMm: 1800,
  peakAt: at,
  peakAtLeast: false,
  readings: 4,
  firstKnownAt: at,
};

beforeEach(async () => {
  webDir = mkdtempSync(join(tmpdir(), 'siaga-web-'));
  writeFileSync(join(webDir, 'index.html'), '<!doctype html>');
  asked = [];
  const queries = plausibleQueries({
    episodes: async (...query) => {
      asked.push(query);
      return query[0] === 'katulampa' ? { station: 'katulampa', episodes: [flood] } : undefined;
    },
  });
  api = await plausibleApi({ queries, web: { dir: webDir, tilesPath: null }, access: accessAs(null) });
});
afterEach(async () => {
  await api.close();
  rmSync(webDir, { recursive: true });
});

const get = (path: string) => api.app.inject(`/api/v1/stations/${path}`);

test('episodes are for everybody: of the last 30 days unless told', async () => {
  const answer = await get('katulampa/episodes');
  expect(answer.json()).toEqual({ station: 'katulampa', episodes: [flood] });
  const toMs = atMs + 30_001;
  await get('katulampa/episodes?from=2014-01-01T00:00:00Z&to=2014-01-02T00:00:00Z');
  expect(asked).toEqual([
    ['katulampa', toMs - 30 * 86_400_000, toMs],
    ['katulampa', Date.UTC(2014, 0, 1), Date.UTC(2014, 0, 2)],
  ]);
});

test('an unknown station, a span that ends before it begins and a leap second are problems that name their field', async () => {
  for (const [path, status, field] of [
    ['nowhere/episodes', 404, 'id'],
    ['katulampa/episodes?from=2015-01-01T00:00:00Z', 400, 'from'],
    ['katulampa/episodes?to=2016-12-31T23:59:60Z', 400, 'to'],
    ['katulampa/episodes?until=2016-12-31', 400, undefined],
  ] as const) {
    const answer = await get(path);
    expect([path, answer.statusCode]).toEqual([path, status]);
    if (field !== undefined) expect(answer.json().field).toBe(field);
  }
});
