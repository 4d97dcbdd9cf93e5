import { changesOfKind, type SteppedClock, steppedClock } from '@siaga/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Catalogue } from '../fleet/catalogue.ts';
import { picture } from '../fleet/picture.ts';
import { catalogueFrom, catalogueText } from '../fleet/testing.ts';
import { openMemory, type Stores } from '../store/index.ts';
import { incoming, minuteMs, noonMs, reading } from '../store/testing.ts';
import { createJudge, type Judge, type JudgeOptions } from './judge.ts';

let stores: Stores;
let clock: SteppedClock;
let judge: Judge;

beforeEach(async () => {
  stores = openMemory();
  clock = steppedClock(noonMs);
  judge = create();
  await judge.start();
});

function create(differs: Partial<JudgeOptions> = {}, catalogue: Catalogue = catalogueFrom()): Judge {
  return createJudge({ store: stores.judging, catalogue, clock, ...differs });
}

const nothingDeclared = { official: () => null, works: () => null };

let seq = 0;
/** Stores a reading of katulampa `minutes` after noon, of a stage. */
async function send(minutes: number, stageMm: number, differs: { station?: string } = {}): Promise<void> {
  seq += 1;
  const one = reading(seq, { observedAtMs: noonMs + minutes * minuteMs, distanceMm: 4500 - stageMm });
  await stores.readings.append([incoming([one], differs)]);
}
const level = (id = 'katulampa') => judge.known().get(id)?.level;
const since = async (place: number) => changesOfKind((await stores.changes.since(place, 1000)) ?? [], 'station');

describe('start', () => {
  test('makes every station known, once', async () => {
    expect((await since(0)).map(({ id, level: { presence } }) => [id, presence])).toEqual([
      ['katulampa', 'never'],
      ['depok', 'never'],
    ]);
    const again = create();
    expect(await again.start()).toMatchObject({ changes: [], values: [] });
  });

  test('judges by the catalogue of today', async () => {
    await send(0, 900);
    await judge.run();
    expect(level()?.severity).toBe(1);
    const lowered = catalogueFrom(catalogueText.replace('fromMm: 1510', 'fromMm: 890'));
    judge = create({}, lowered);
    const { changes } = await judge.start();
    expect(changes).toMatchObject([{ id: 'katulampa', level: { severity: 2, bandLabel: 'Siaga II' } }]);
    expect(judge.known().get('katulampa')?.value?.stageMm).toBe(900);
  });

  test('takes over: the judge before it writes no more', async () => {
    await create().start();
    await send(0, 900);
    await expect(judge.run()).rejects.toMatchObject({ code: 'lease-lost' });
    expect(await stores.judging.dirty(9)).toHaveLength(1);
  });
});

describe('run', () => {
  test('folds what is new: a numbered change for the band, a value for the reading', async () => {
    await send(0, 400);
    clock.moveTo(noonMs + minuteMs);
    expect(await judge.run()).toMatchObject({
      changes: [
        { seq: 3, id: 'katulampa', knownAt: '2026-01-10T12:01:00.000Z', level: { severity: 0, presence: 'live' } },
      ],
      values: [{ id: 'katulampa', value: { stageMm: 400, trend: null, observedAt: '2026-01-10T12:00:00.000Z' } }],
    });
    await send(1, 420);
    expect(await judge.run()).toMatchObject({ changes: [], values: [{ value: { stageMm: 420 } }] });
    for (let i = 2; i <= 10; i += 1) await send(i, 400 + 50 * i);
    expect(await judge.run()).toMatchObject({
      changes: [{ seq: 4, level: { severity: 1, since: '2026-01-10T12:09:00.000Z' } }],
      values: [{ value: { stageMm: 900, trend: 'rising' } }],
    });
    expect(await judge.run()).toEqual(expect.objectContaining({ changes: [], values: [] }));
    expect(await stores.judging.dirty(9)).toEqual([]);
  });

  test('late data never touches the present, and leaves no mark', async () => {
    await send(100, 400);
    clock.moveTo(noonMs + 100 * minuteMs);
    await judge.run();
    const place = stores.changes.head();
    for (let i = 0; i < 50; i += 1) await send(i, 3000);
    expect(await judge.run()).toMatchObject({ changes: [], values: [] });
    expect(stores.changes.head()).toBe(place);
    expect(await stores.judging.dirty(9)).toEqual([]);
  });

  test('a long backlog is folded in turns, to the same end, and lets others in between', async () => {
    const stages = Array.from({ length: 300 }, (_, i) => 1000 + Math.round(900 * Math.sin(i / 20)));
    for (const [i, stage] of stages.entries()) await send(i, stage);
    const turns: number[] = [];
    judge = create({ readingsPerTurn: 40, onJudged: ({ values }) => turns.push(values.length) });
    await judge.start();
    clock.moveTo(noonMs + 299 * minuteMs);
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 0);
    await judge.run();
    clearInterval(ticking);
    expect(turns.length).toBeGreaterThanOrEqual(8);
    expect(ticks).toBeGreaterThan(0);
    const inTurns = judge.known().get('katulampa');

    const whole = openMemory();
    const other = createJudge({ store: whole.judging, catalogue: catalogueFrom(), clock });
    await other.start();
    const all = stages.map((stage, i) =>
      reading(i + 1, { observedAtMs: noonMs + i * minuteMs, distanceMm: 4500 - stage }),
    );
    await whole.readings.append([incoming(all)]);
    await other.run();
    const atOnce = other.known().get('katulampa');
    expect(inTurns?.judged).toEqual(atOnce?.judged);
    expect(inTurns?.value?.stageMm).toBe(stages.at(-1));
    expect(await stores.judging.dirty(9)).toEqual([]);
  });

  test('runs that are called together follow one another', async () => {
    await send(0, 400);
    const [a, b] = await Promise.all([judge.run(), judge.run()]);
    expect(a.changes.length + b.changes.length).toBe(1);
  });

  test('a station that left the catalogue is judged no more, and its mark is cleared', async () => {
    await send(0, 400, { station: 'gone' });
    expect(await judge.run()).toMatchObject({ changes: [], values: [] });
    expect(await stores.judging.dirty(9)).toEqual([]);
  });

  test('a reading of a secondary gauge changes no level', async () => {
    await stores.readings.append([incoming([reading(1, { distanceMm: 100 })], { gauge: 'second' })]);
    expect(await judge.run()).toMatchObject({ changes: [], values: [] });
    expect(level()?.severity).toBeNull();
  });
});

describe('a device whose clock runs ahead', () => {
  const sendAt = async (observedMinutes: number, receivedMinutes: number, stageMm: number) => {
    seq += 1;
    const one = reading(seq, { observedAtMs: noonMs + observedMinutes * minuteMs, distanceMm: 4500 - stageMm });
    await stores.readings.append([incoming([one], { receivedAtMs: noonMs + receivedMinutes * minuteMs })]);
    clock.moveTo(noonMs + receivedMinutes * minuteMs);
    await judge.run();
  };

  test('is judged by when its readings come, and says so; once set right it is judged at once', async () => {
    await sendAt(0, 0, 400);
    await sendAt(11, 1, 500);
    expect(level()).toMatchObject({ presence: 'live', note: 'clock-uncertain' });
    expect(judge.known().get('katulampa')?.value).toMatchObject({
      stageMm: 500,
      observedAt: '2026-01-10T12:01:00.000Z',
    });
    await sendAt(12, 2, 600);
    await sendAt(3, 3, 2100);
    expect(level()).toMatchObject({ severity: 3, since: '2026-01-10T12:03:00.000Z', note: null });
    expect(judge.known().get('katulampa')?.value?.stageMm).toBe(2100);
    await sendAt(4, 4, 2150);
    expect(judge.known().get('katulampa')?.value?.stageMm).toBe(2150);
  });
});

describe('sweep', () => {
  test('silence is news: late, then stale, each once; speech ends it', async () => {
    await send(0, 400);
    await judge.run();
    const presences: unknown[] = [];
    for (let s = 0; s <= 600; s += 20) {
      clock.moveTo(noonMs + s * 1000);
      for (const { level } of changesOfKind((await judge.sweep()).changes, 'station'))
        presences.push([s, level.presence, level.severity]);
    }
    expect(presences).toEqual([
      [140, 'late', 0],
      [260, 'stale', 0],
    ]);
    await send(10, 400);
    expect((await judge.run()).changes).toMatchObject([{ level: { presence: 'live' } }]);
  });

  test('a threshold whose validity begins is news', async () => {
    const validFrom = new Date(noonMs + minuteMs).toISOString();
    judge = create(
      {},
      catalogueFrom(catalogueText.replace('2010, validFrom: 2013-01-01T00:00:00Z', `2010, validFrom: ${validFrom}`)),
    );
    await judge.start();
    await send(0, 2100);
    expect((await judge.run()).changes).toMatchObject([{ level: { severity: 2 } }]);
    clock.moveTo(noonMs + minuteMs);
    expect((await judge.sweep()).changes).toMatchObject([{ level: { severity: 3, bandLabel: 'Siaga I' } }]);
  });

  test('without news writes nothing', async () => {
    await send(0, 400);
    await judge.run();
    const commits: unknown[] = [];
    const counting = {
      ...stores.judging,
      commit: async (work: Parameters<typeof stores.judging.commit>[0]) => {
        commits.push(work);
        return stores.judging.commit(work);
      },
    };
    judge = createJudge({ store: counting, catalogue: catalogueFrom(), clock });
    await judge.start();
    commits.length = 0;
    await judge.sweep();
    expect(commits).toEqual([]);
  });
});

test('the picture says what the changes said, also of stations that never sent', async () => {
  await send(0, 900);
  await judge.run();
  const catalogue = catalogueFrom();
  const [katulampa, depok] = picture(catalogue, judge.known(), clock.now(), nothingDeclared);
  expect(katulampa).toMatchObject({
    info: { id: 'katulampa', gauges: ['main', 'second'] },
    level: (await since(2)).at(-1)?.level,
    value: { stageMm: 900, intervalS: 60 },
    official: null,
  });
  expect(depok).toMatchObject({ level: { severity: null, presence: 'never' }, value: null });
  expect(picture(catalogue, new Map(), clock.now(), nothingDeclared)).toHaveLength(2);
});
