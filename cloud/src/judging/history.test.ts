import { changesOfKind, type SteppedClock, steppedClock } from '@siaga/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Catalogue } from '../fleet/catalogue.ts';
import { catalogueFrom, catalogueText } from '../fleet/testing.ts';
import { openMemory, type Stores } from '../store/index.ts';
import { incoming, minuteMs, noonMs } from '../store/testing.ts';
import { createHistory, type History, type HistoryOptions } from './history.ts';
import { atStage, foldAll } from './testing/record.ts';

let stores: Stores;
let clock: SteppedClock;
let history: History;
let known: string[][];
let seq: number;

beforeEach(async () => {
  stores = openMemory();
  clock = steppedClock(noonMs);
  seq = 0;
  known = [];
  history = await begin();
});

async function begin(differs: Partial<HistoryOptions> = {}, catalogue: Catalogue = catalogueFrom()): Promise<History> {
  const onKnown = (stations: readonly string[]) => void known.push([...stations]);
  const next = createHistory({ store: stores.history, catalogue, clock, onKnown, ...differs });
  await next.start();
  return next;
}

function nextSeq(): number {
  seq += 1;
  return seq;
}

/** Readings of katulampa each minute from `minute` after noon, and what is folded of them at that time. */
async function send(minute: number, ...stages: number[]): Promise<void> {
  const readings = stages.map((stageMm, i) => atStage(nextSeq(), minute + i, stageMm));
  await stores.readings.append([incoming(readings)]);
  await foldAll(history);
}

const minutesOf = (ms: number | null) => (ms === null ? null : (ms - noonMs) / minuteMs);
const told = (of: History = history) =>
  of
    .episodes('katulampa', 0)
    .map(({ severity, sinceMs, untilMs, firstKnownAtMs }) => [
      severity,
      minutesOf(sinceMs),
      minutesOf(untilMs),
      minutesOf(firstKnownAtMs),
    ]);
const changes = async (after = 0) =>
  changesOfKind((await stores.changes.since(after, 1000)) ?? [], 'episode').map(({ severity, since, episode }) => [
    severity,
    minutesOf(Date.parse(since)),
    episode === null ? 'gone' : episode.until === null ? 'lasts' : minutesOf(Date.parse(episode.until)),
  ]);

describe('what is known', () => {
  test('an episode is known with the reading that confirms it, and told when it begins and when it is over', async () => {
    await send(0, 900);
    expect(told()).toEqual([]);
    clock.moveTo(noonMs + 2 * minuteMs);
    await send(1, 950, 1000, 1100);
    expect(told()).toEqual([[1, 0, null, 2]]);
    expect(known).toEqual([['katulampa']]);
    clock.moveTo(noonMs + 60 * minuteMs);
    await send(4, ...Array(31).fill(700));
    expect(told()).toEqual([[1, 0, 4, 2]]);
    // That the peak rose and readings came was no news.
    expect(await changes()).toEqual([
      [1, 0, 'lasts'],
      [1, 0, 4],
    ]);
    const [change] = changesOfKind((await stores.changes.since(1, 9)) ?? [], 'episode');
    expect(change?.episode).toMatchObject({
      station: 'katulampa',
      bandLabel: 'Siaga III',
      peakStageMm: 1100,
      readings: 4,
    });
  });

  test('late readings move, split and take away; the time when it was first known goes with what overlaps', async () => {
    await send(100, 900, 900);
    clock.moveTo(noonMs + 90 * minuteMs);
    const place = stores.changes.head();
    await send(98, 900, 900);
    expect(told()).toEqual([[1, 98, null, 0]]);
    expect(await changes(place)).toEqual([
      [1, 100, 'gone'],
      [1, 98, 'lasts'],
    ]);
    await stores.readings.append([
      incoming([atStage(1, 100, 500), atStage(2, 101, 500), atStage(3, 98, 500), atStage(4, 99, 500)], { rev: 1 }),
    ]);
    await foldAll(history);
    expect(told()).toEqual([]);
    expect((await changes()).at(-1)).toEqual([1, 98, 'gone']);
  });

  test('between finds what touches a span, however long ago; memory keeps two days', async () => {
    await send(0, 900, 900, ...Array(31).fill(500));
    expect(told()).toHaveLength(1);
    expect(await history.between('katulampa', noonMs + minuteMs, noonMs + 99 * minuteMs)).toMatchObject([
      { sinceMs: noonMs, untilMs: noonMs + 2 * minuteMs },
    ]);
    expect(await history.between('katulampa', noonMs + 2 * minuteMs, noonMs + 99 * minuteMs)).toEqual([]);
    expect(await history.between('katulampa', 0, noonMs)).toEqual([]);
    expect(history.episodes('katulampa', noonMs + 2 * minuteMs)).toEqual([]);
    clock.moveTo(noonMs + 49 * 60 * minuteMs);
    await send(49 * 60, 900, 900);
    expect(told()).toHaveLength(1);
    expect(await history.between('katulampa', 0, noonMs + 1e9)).toHaveLength(2);
  });

  test('a start knows what was known', async () => {
    await send(0, 900, 900, 900);
    const before = told();
    expect(told(await begin())).toEqual(before);
    expect(await stores.history.take(9)).toEqual([]);
  });
});

describe('the catalogue', () => {
  test('other limits, dead-bands and calibrations fold everything anew; other names do not', async () => {
    await send(0, 700, 700, 700);
    expect(told()).toEqual([]);
    history = await begin({}, catalogueFrom(catalogueText.replace('name: Katulampa', 'name: Bendung Katulampa')));
    expect(await history.turn()).toBeNull();
    history = await begin({}, catalogueFrom(catalogueText.replace('fromMm: 810', 'fromMm: 600')));
    await foldAll(history);
    expect(told()).toEqual([[1, 0, null, 0]]);
    history = await begin();
    await foldAll(history);
    expect(told()).toEqual([]);
    expect(await changes()).toEqual([
      [1, 0, 'lasts'],
      [1, 0, 'gone'],
    ]);
  });

  test('a station that left it is folded no more, and anew when it comes back', async () => {
    const other = catalogueFrom(catalogueText.replaceAll('katulampa', 'elsewhere'));
    history = await begin({}, other);
    await send(0, 900, 900);
    expect(await stores.history.take(9)).toEqual([]);
    expect(told()).toEqual([]);
    history = await begin();
    await foldAll(history);
    expect(told()).toEqual([[1, 0, null, 0]]);
  });
});

describe('the work', () => {
  test('live readings go on from memory: nothing is read again', async () => {
    await send(0, 500, 500);
    const asked: number[] = [];
    const store: typeof stores.history = {
      ...stores.history,
      from: async (station, gauge, fromMs, limit) => {
        const found = await stores.history.from(station, gauge, fromMs, limit);
        asked.push(found.readings.length);
        return found;
      },
    };
    history = await begin({ store });
    for (const minute of [2, 3, 4, 61, 62]) await send(minute, 500);
    // The first look after a start is from the hour before.
    expect(asked).toEqual([3, 1, 1, 1, 1]);
    await send(1.5, 500);
    expect(asked).toHaveLength(6);
  });

  test('refolding stops where it meets what was folded before', async () => {
    const day = Array.from({ length: 24 * 60 }, () => 500);
    await send(0, ...day);
    const turns: number[] = [];
    await stores.readings.append([incoming([atStage(nextSeq(), 30.5, 500)])]);
    history = await begin({ readingsPerTurn: 100 });
    for (let done = await history.turn(); done !== null; done = await history.turn()) turns.push(done.readings);
    expect(turns).toHaveLength(1);
    expect(turns[0]).toBeLessThan(200);
  });

  test('who has taken over is not written over', async () => {
    await begin();
    await stores.readings.append([incoming([atStage(1, 0, 900)])]);
    await expect(history.turn()).rejects.toMatchObject({ code: 'lease-lost' });
    expect(await stores.history.take(9)).toHaveLength(1);
  });
});
