import { decodeReceipt, type Receipt, steppedClock } from '@siaga/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openMemory, type Stores } from '../store/index.ts';
import { incoming, noonMs, readings, streamA, streamB } from '../store/testing.ts';
import type { IngestOutcome } from './ingest.ts';
import { createReceipts, type Receipts } from './receipts.ts';

let stores: Stores;
let sent: { station: string; receipt: Receipt }[];
let receipts: Receipts;
let failing: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  stores = openMemory();
  sent = [];
  failing = false;
  receipts = start(1);
});
afterEach(() => {
  receipts.close();
  vi.useRealTimers();
});

function start(generation: number): Receipts {
  return createReceipts({
    readings: { ...stores.readings, generation },
    quarantine: stores.quarantine,
    clock: steppedClock(noonMs),
    channel: {
      async send(station, kind, payload) {
        if (failing) throw new Error('not connected');
        expect(kind).toBe('receipt');
        const receipt = decodeReceipt(payload);
        if (!receipt.ok) throw new Error(receipt.reason);
        sent.push({ station, receipt: receipt.value });
      },
    },
  });
}

async function commit(from: number, to: number, differs: Partial<IngestOutcome> = {}): Promise<void> {
  const { station = 'depok', stream = streamA, rev = 0 } = differs;
  const [verdict] = await stores.readings.append([incoming(readings(from, to), { station, stream, rev })]);
  receipts.note({ station, stream, rev, stored: verdict?.stored ?? [], duplicates: [], rejected: [], ...differs });
  await vi.advanceTimersByTimeAsync(0);
}

test('the first at once, then at most one a second and station, with what is settled by then', async () => {
  await commit(1, 2);
  await commit(4, 5);
  await commit(6, 6, { station: 'katulampa' });
  expect(sent.map(({ station, receipt }) => [station, receipt.upTo])).toEqual([
    ['depok', 2],
    ['katulampa', 6],
  ]);
  await vi.advanceTimersByTimeAsync(999);
  expect(sent).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(sent[2]?.receipt).toMatchObject({
    stream: streamA,
    storeId: stores.readings.storeId,
    upTo: 5,
    ranges: [{ from: 3, to: 3 }],
    serverTime: new Date(noonMs).toISOString(),
    rejected: [],
  });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toHaveLength(3);
});

test('versions rise, across a restart too', async () => {
  await commit(1, 1);
  await vi.advanceTimersByTimeAsync(1000);
  await commit(2, 2);
  receipts.close();
  receipts = start(2);
  await commit(3, 3);
  const versions = sent.map(({ receipt }) => receipt.version);
  expect(versions).toHaveLength(3);
  expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
});

test('streams of one station take turns', async () => {
  await commit(1, 1);
  await commit(2, 2, { stream: streamB });
  await commit(3, 3);
  await vi.advanceTimersByTimeAsync(2000);
  expect(sent.map(({ receipt }) => receipt.stream)).toEqual([streamA, streamB, streamA]);
});

test('corrections and rejects are told once, no more than 32 in one receipt', async () => {
  const sha256 = 'a'.repeat(64);
  await commit(1, 2, { rev: 3, rejected: [{ reason: 'time-ahead', sha256, seqs: [[9, 9]] }] });
  expect(sent[0]?.receipt).toMatchObject({
    upTo: 0,
    corrections: [
      { rev: 3, from: 1, to: 2 },
      { rev: 3, from: 9, to: 9 },
    ],
    rejected: [{ sha256, reason: 'time-ahead' }],
  });
  const many = Array.from({ length: 40 }, (_, i) => ({
    reason: 'unknown-gauge' as const,
    sha256: String(i).padStart(64, '0'),
    seqs: [] as const,
  }));
  await commit(3, 3, { rejected: many });
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent.slice(1).map(({ receipt }) => receipt.rejected.length)).toEqual([32, 8]);
});

test('what could not be handed on goes into the next', async () => {
  failing = true;
  await commit(1, 1, { rejected: [{ reason: 'time-ahead', sha256: 'b'.repeat(64), seqs: [] }] });
  failing = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(sent).toMatchObject([{ receipt: { upTo: 1, rejected: [{ reason: 'time-ahead' }] } }]);
});

test('a device that comes back is told where it stands; after close nothing is sent', async () => {
  await receipts.announce('depok', streamA, 1);
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toMatchObject([{ receipt: { upTo: 0, ranges: [] } }]);
  await receipts.announce('depok', streamB, 1);
  receipts.close();
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent).toHaveLength(1);
});

test('a device that comes back is told its newest rejects again, once a connection', async () => {
  const hourMs = 3_600_000;
  const rejected = (n: number, ageMs: number) => ({
    station: 'depok',
    topic: 'flood/v1/depok/readings',
    reason: 'identity-conflict' as const,
    detail: '',
    payload: new Uint8Array(),
    sha256: String(n).padStart(64, '0'),
    receivedAtMs: noonMs - ageMs,
  });
  await stores.quarantine.put([rejected(99, 25 * hourMs), ...Array.from({ length: 40 }, (_, n) => rejected(n, n))]);
  const told = async (connection: number) => {
    sent = [];
    await receipts.announce('depok', streamA, connection);
    await vi.advanceTimersByTimeAsync(2000);
    return sent.flatMap(({ receipt }) => receipt.rejected.map(({ sha256 }) => Number(sha256)));
  };
  expect((await told(7)).sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, n) => n));
  expect(await told(7)).toEqual([]);
  expect(await told(8)).toHaveLength(32);
});

test('what waits for a flooding device is bounded', async () => {
  for (let n = 0; n < 1000; n += 1) {
    const stream = `aaaaaaaaaaaaa${n.toString(8).padStart(3, '0').replaceAll(/[01]/g, 'x')}`.slice(0, 16);
    const sha256 = String(n).padStart(64, '0');
    const outcome = { station: 'depok', rev: 1, stored: [[n + 1, n + 1]] as const, duplicates: [] };
    receipts.note({ ...outcome, stream, rejected: [] });
    receipts.note({ ...outcome, stream: streamA, rejected: [{ reason: 'malformed', sha256, seqs: [] }] });
  }
  await vi.advanceTimersByTimeAsync(600_000);
  expect(sent.length).toBeLessThan(60);
  const rejects = sent.flatMap(({ receipt }) => receipt.rejected.map(({ sha256 }) => Number(sha256)));
  expect(rejects).toContain(999);
  expect(rejects.length).toBeLessThan(300);
});

test('a calm device is told so once and then gets a receipt in six hours; what must be said is said at once', async () => {
  const minuteMs = 60_000;
  await receipts.announce('depok', streamA, 1);
  await commit(1, 1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(sent.map(({ receipt }) => receipt.nextReceiptS)).toEqual([5, 5]);
  let seq = 1;
  const minutes = async (count: number, differs: Partial<IngestOutcome> = {}) => {
    sent = [];
    for (let i = 0; i < count; i++) {
      await vi.advanceTimersByTimeAsync(minuteMs);
      seq++;
      await commit(seq, seq, differs);
    }
    return sent.map(({ receipt: { upTo, nextReceiptS } }) => [upTo, nextReceiptS]);
  };
  expect(await minutes(300)).toEqual([[2, 21_600]]);
  // Before the time that it was told: a message that comes late must not make it send again.
  expect(await minutes(100)).toEqual([[344, 21_600]]);
  // Sent again: it misses a receipt, and the next one that is new gets the calm promise anew.
  expect(await minutes(1, { duplicates: [[5, 5]] })).toEqual([[402, 5]]);
  expect(await minutes(3)).toEqual([[403, 21_600]]);
  expect(await minutes(1, { rejected: [{ reason: 'time-ahead', sha256: 'c'.repeat(64), seqs: [] }] })).toHaveLength(1);
  // Without the time each message is answered at once: the answer tells it.
  expect(await minutes(3, { untimed: true })).toHaveLength(3);
  // It comes back: at once again for a minute.
  await minutes(2);
  sent = [];
  await receipts.announce('depok', streamA, 2);
  await vi.advanceTimersByTimeAsync(2_000);
  seq++;
  await commit(seq, seq);
  expect(sent.map(({ receipt }) => receipt.nextReceiptS)).toEqual([5, 5]);
});

test('a backlog gets its receipts every second, in the calmest of times', async () => {
  await commit(1, 1);
  await vi.advanceTimersByTimeAsync(120_000);
  await commit(2, 2);
  await vi.advanceTimersByTimeAsync(60_000);
  sent = [];
  await commit(3, 500);
  await vi.advanceTimersByTimeAsync(1_000);
  for (let i = 0; i < 20; i++) {
    await vi.advanceTimersByTimeAsync(125);
    await commit(501 + i, 501 + i);
  }
  await vi.advanceTimersByTimeAsync(2_000);
  expect(sent.length).toBeGreaterThanOrEqual(3);
  expect(sent.at(-1)?.receipt).toMatchObject({ upTo: 520, nextReceiptS: 5 });
});

test('who is told of a refusal is promised the next word soon, though a calm message came meanwhile', async () => {
  const minuteMs = 60_000;
  await commit(1, 1);
  await vi.advanceTimersByTimeAsync(2 * minuteMs);
  await commit(2, 2);
  await vi.advanceTimersByTimeAsync(minuteMs);
  sent = [];
  const refused = { reason: 'identity-conflict', sha256: 'd'.repeat(64), seqs: [[1, 1]] } as const;
  await commit(3, 3, { duplicates: [[2, 2]] });
  await commit(4, 4, { rejected: [{ ...refused, seqs: [[1, 1]] }] });
  await commit(5, 5);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(sent.map(({ receipt: { upTo, rejected, nextReceiptS } }) => [upTo, rejected.length, nextReceiptS])).toEqual([
    [3, 0, 5],
    [5, 1, 5],
  ]);
});
