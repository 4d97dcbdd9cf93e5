import { createHash } from 'node:crypto';
import { encodeReadings } from '@siaga/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { platformError } from '../errors.ts';
import { catalogueFrom } from '../fleet/testing.ts';
import type { ReadingStore } from '../ports.ts';
import { openMemory } from '../store/index.ts';
import { incoming, minuteMs, noonMs, reading, readings, seqsOf, streamA, wholeDay } from '../store/testing.ts';
import { createIngest, type Ingest, type IngestOptions, type IngestOutcome } from './ingest.ts';

const catalogue = catalogueFrom();
const opened: Ingest[] = [];
afterEach(async () => {
  for (const ingest of opened.splice(0)) await ingest.close();
});

function setUp(differs: Partial<IngestOptions> & { append?: (store: ReadingStore) => ReadingStore['append'] } = {}) {
  const { append, ...options } = differs;
  const stores = openMemory();
  const groups: number[] = [];
  const ingest = createIngest({
    readings: {
      append: append?.(stores.readings) ?? stores.readings.append,
      settle: stores.readings.settle,
    },
    quarantine: stores.quarantine,
    gaugesOf: catalogue.gaugesOf,
    onCommit: (outcomes) => groups.push(outcomes.length),
    backoff: { firstMs: 1, maxMs: 4 },
    ...options,
  });
  opened.push(ingest);
  const stored = async () => (await stores.readings.readings({ ...wholeDay, limit: 10_000 })).readings;
  return { stores, ingest, groups, stored };
}

describe('group commit', () => {
  test('what comes in one turn is committed together; what comes meanwhile follows together', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    const { ingest, groups } = setUp({
      append: (store) => async (batches) => {
        running += 1;
        expect(running).toBe(1);
        if (groups.length === 0) await held;
        running -= 1;
        return store.append(batches);
      },
    });
    const first = [1, 2, 3].map((seq) => ingest.submit(incoming([reading(seq)])));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const second = [4, 5].map((seq) => ingest.submit(incoming([reading(seq)])));
    release();
    await Promise.all([...first, ...second]);
    expect(groups).toEqual([3, 2]);
  });

  test('resolves after the commit, with what became of each reading', async () => {
    const { ingest, stored } = setUp();
    const outcome = await ingest.submit(incoming(readings(1, 3)));
    expect(outcome).toEqual({
      station: 'katulampa',
      stream: streamA,
      rev: 0,
      stored: [[1, 3]],
      duplicates: [],
      rejected: [],
    });
    expect(seqsOf(await stored())).toEqual([1, 2, 3]);
    expect(ingest.watermarkMs()).toBe(incoming(readings(1, 3)).receivedAtMs);
    expect(await ingest.submit(incoming(readings(1, 3)))).toMatchObject({ stored: [], duplicates: [[1, 3]] });
  });
});

describe('what may not be stored is quarantined, and nothing else is lost', () => {
  const settled = (outcome: IngestOutcome) => outcome.rejected.map(({ reason, seqs }) => [reason, seqs]);

  test('other content under a known identity', async () => {
    const { ingest, stores, stored } = setUp();
    await ingest.submit(incoming(readings(1, 3)));
    const message = incoming([reading(3, { distanceMm: 7 }), reading(4)]);
    const payload = encodeReadings(message.batch);
    const outcome = await ingest.submit({ ...message, payload });
    expect(outcome.stored).toEqual([[4, 4]]);
    expect(settled(outcome)).toEqual([['identity-conflict', [[3, 3]]]]);
    const sha256 = createHash('sha256').update(payload).digest('hex');
    expect(outcome.rejected[0]?.sha256).toBe(sha256);
    expect(await stores.quarantine.list(9)).toMatchObject([
      { reason: 'identity-conflict', sha256, topic: 'flood/v1/katulampa/readings' },
    ]);
    expect((await stored()).map(({ distanceMm }) => distanceMm)).toEqual([2000, 2000, 2000, 2000]);
  });

  test('readings more than 15 min ahead of the server; they are not asked for again', async () => {
    const { ingest, stores, stored } = setUp();
    const ahead = { observedAtMs: noonMs + 16 * minuteMs };
    const limit = { observedAtMs: noonMs + 15 * minuteMs };
    const outcome = await ingest.submit(
      incoming([reading(1), reading(2, ahead), reading(3, limit)], { receivedAtMs: noonMs }),
    );
    expect(outcome.stored).toEqual([
      [1, 1],
      [3, 3],
    ]);
    expect(settled(outcome)).toEqual([['time-ahead', [[2, 2]]]]);
    expect(stores.readings.settled('katulampa', streamA).settled).toEqual([[1, 3]]);
    expect(seqsOf(await stored())).toEqual([1, 3]);
  });

  test('one that was ahead is taken when its device has learnt the time and corrects it', async () => {
    const { ingest, stored } = setUp();
    const ahead = reading(1, { observedAtMs: noonMs + 670 * 1_440 * minuteMs, clock: 'unsynced' });
    const refused = await ingest.submit(incoming([ahead], { receivedAtMs: noonMs }));
    expect([settled(refused), refused.untimed]).toEqual([[['time-ahead', [[1, 1]]]], true]);
    const right = reading(1, { observedAtMs: noonMs - minuteMs, clock: 'synced' });
    const corrected = await ingest.submit(incoming([right], { rev: 1, receivedAtMs: noonMs }));
    expect([corrected.stored, corrected.rejected, corrected.untimed]).toEqual([[[1, 1]], [], undefined]);
    expect(await stored()).toMatchObject([{ seq: 1, rev: 1, observedAtMs: noonMs - minuteMs, clock: 'synced' }]);
  });

  test('an unknown gauge, an unknown station: what they declare lost counts all the same', async () => {
    const { ingest, stores } = setUp();
    const gauge = await ingest.submit(incoming(readings(5, 6), { gauge: 'third', lost: [[1, 4]] }));
    const station = await ingest.submit(incoming(readings(1, 2), { station: 'bogor' }));
    expect([gauge, station].map(settled)).toEqual([[['unknown-gauge', [[5, 6]]]], [['unknown-station', [[1, 2]]]]]);
    expect(stores.readings.settled('katulampa', streamA).settled).toEqual([[1, 6]]);
    expect((await stores.quarantine.list(9)).map(({ reason }) => reason).sort()).toEqual([
      'unknown-gauge',
      'unknown-station',
    ]);
  });

  test('is durable in quarantine before the outcome is told', async () => {
    const order: string[] = [];
    const { ingest } = setUp({
      quarantine: {
        async put() {
          await new Promise((resolve) => setImmediate(resolve));
          order.push('kept');
        },
      },
    });
    await ingest.submit(incoming(readings(1, 1), { gauge: 'third' }));
    order.push('told');
    expect(order).toEqual(['kept', 'told']);
  });
});

describe('a store without room', () => {
  test('the answer is withheld until there is room again', async () => {
    let full = 3;
    const retries: string[] = [];
    const { ingest, stored } = setUp({
      append: (store) => async (batches) => {
        full -= 1;
        if (full >= 0) throw platformError('store-full', 'no room');
        return store.append(batches);
      },
      onRetry: (error) => retries.push(error.message),
    });
    expect(await ingest.submit(incoming([reading(1)]))).toMatchObject({ stored: [[1, 1]] });
    expect(retries).toEqual(['no room', 'no room', 'no room']);
    expect(await stored()).toHaveLength(1);
  });

  test('a broken store refuses its group, and the next one is tried', async () => {
    let broken = true;
    const { ingest } = setUp({
      append: (store) => async (batches) => {
        if (broken) throw platformError('store-failed', 'disk error');
        return store.append(batches);
      },
    });
    await expect(ingest.submit(incoming([reading(1)]))).rejects.toMatchObject({ code: 'store-failed' });
    broken = false;
    expect(await ingest.submit(incoming([reading(1)]))).toMatchObject({ stored: [[1, 1]] });
  });

  test('closing ends the waiting', async () => {
    const { ingest } = setUp({
      append: () => async () => {
        throw platformError('store-full', 'no room');
      },
      backoff: { firstMs: 60_000, maxMs: 60_000 },
    });
    const answer = ingest.submit(incoming([reading(1)]));
    const refused = expect(answer).rejects.toMatchObject({ code: 'store-full' });
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await ingest.close();
    await refused;
    await expect(ingest.submit(incoming([reading(2)]))).rejects.toThrow('closed');
  });
});
