import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addRanges,
  coverageOf,
  decodeReadings,
  encodeJson,
  type Reading,
  type ReadingsBatch,
  type Receipt,
  type SeqRanges,
} from '@siaga/protocol';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { openFileOutbox } from '../outbox/file.ts';
import { subtract } from '../outbox/ledger.ts';
import { createMemoryOutbox } from '../outbox/memory.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { aDraft, until } from '../testing/builders.ts';
import { monotonicMs, pause } from '../wait.ts';
import type { Corrections } from './corrections.ts';
import { createSender, type Sender, type SenderOptions } from './sender.ts';
import type { Uplink } from './uplink.ts';

const log = pino({ level: 'silent' });

/** A broker and a store behind it: commits, dedups, quarantines, writes receipts when asked to. */
function createCloud(storeId = 'store-1') {
  const messages: ReadingsBatch[] = [];
  const stored = new Map<string, Reading>();
  const settled = new Map<string, SeqRanges>();
  const corrected: Reading[] = [];
  let rejected: Receipt['rejected'] = [];
  let version = 0;
  let online = true;
  let sender: Sender | null = null;
  return {
    messages,
    stored,
    settled,
    corrected,
    attach(next: Sender) {
      sender = next;
      if (online) next.connected();
    },
    cut() {
      online = false;
      sender?.disconnected();
    },
    join() {
      online = true;
      sender?.connected();
    },
    uplink: {
      connected: () => online,
      reconnects: () => 0,
      trouble: () => null,
      leave: () => undefined,
      close: async () => undefined,
      async publish(_kind, payload) {
        if (!online) throw new Error('offline');
        const batch = decodeReadings(payload);
        if (!batch.ok) throw new Error(batch.reason);
        const { stream, rev, readings, lost } = batch.value;
        messages.push(batch.value);
        if (rev > 0) return void corrected.push(...readings);
        let conflict = false;
        for (const reading of readings) {
          const key = `${stream} ${reading.seq}`;
          const known = stored.get(key);
          if (known && JSON.stringify(known) !== JSON.stringify(reading)) conflict = true;
          else stored.set(key, reading);
        }
        const seqs = readings.map(({ seq }): [number, number] => [seq, seq]);
        settled.set(stream, addRanges(settled.get(stream) ?? [], [...seqs, ...lost]));
        if (conflict) {
          const sha256 = createHash('sha256').update(payload).digest('hex');
          rejected = [...rejected, { sha256, reason: 'identity-conflict' }];
        }
      },
    } satisfies Uplink,
    receipt(stream: string, over: Partial<Receipt> = {}) {
      version++;
      const receipt: Receipt = {
        v: 1,
        storeId,
        version,
        stream,
        ...coverageOf(settled.get(stream) ?? []),
        nextReceiptS: 1,
        serverTime: '2014-01-30T00:00:00Z',
        rejected,
        ...over,
      };
      rejected = [];
      sender?.receipt(encodeJson(receipt));
    },
  };
}

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

function start(outbox: Outbox, cloud: ReturnType<typeof createCloud>, options: SenderOptions = {}) {
  const sender = createSender(outbox, cloud.uplink, log, { spacingMs: 1, wordMs: 0, ...options });
  cloud.attach(sender);
  ending.push(() => sender.stop());
  const store = async (distanceMm: number, over = {}, hold = false) => {
    const kept = await outbox.append(aDraft({ ...over, reading: { distanceMm, observedAtMs: distanceMm * 1000 } }));
    sender.stored(kept, { hold });
  };
  return { sender, store };
}

describe('sender', () => {
  it('sends a live reading at once and frees it on the receipt, not before', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud);
    await store(1);
    await until('acknowledged', () => sender.counts().acks === 1);
    expect(outbox.state().unsettled).toEqual([[1, 1]]);
    cloud.receipt(outbox.state().stream);
    await until('settled', () => outbox.state().unsettled.length === 0);
  });
  it('after an outage the newest goes first, then the backlog, oldest first, in batches', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { store } = start(outbox, cloud);
    cloud.cut();
    for (let i = 1; i <= 500; i++) await store(i);
    cloud.join();
    await until('all sent', () => cloud.stored.size === 500);
    expect(cloud.messages.map(({ readings }) => [readings[0]?.seq, readings.length])).toEqual([
      [500, 1],
      [1, 250],
      [251, 249],
    ]);
  });
  it('keeps apart what a message says only once', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { store } = start(outbox, cloud);
    cloud.cut();
    await store(1);
    await store(2, { gauge: 'spare' });
    await store(3, { gauge: 'spare', maintenance: true });
    await store(4, { gauge: 'spare', maintenance: true, boot: 'other' });
    await store(5, { gauge: 'spare', maintenance: true, boot: 'other', intervalS: 5 });
    await store(6, { gauge: 'spare', maintenance: true, boot: 'other', intervalS: 5 });
    cloud.join();
    await until('all sent', () => cloud.stored.size === 6);
    expect(cloud.messages.slice(1).map(({ readings }) => readings.map(({ seq }) => seq))).toEqual([
      [1],
      [2],
      [3],
      [4],
      [5],
    ]);
  });
  it('keeps a window: without receipts the backlog stops and live readings still go', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { store } = start(outbox, cloud);
    cloud.cut();
    for (let i = 1; i <= 120; i++) await store(i, { intervalS: i });
    cloud.join();
    // Messages of one reading each, as two gauges in turn make them, take less of the window than full ones.
    await until('the backlog’s share', () => cloud.messages.length === 80);
    await store(121);
    await until('a live one on top', () => cloud.stored.has(`${outbox.state().stream} 121`));
    expect(cloud.messages).toHaveLength(81);
    cloud.receipt(outbox.state().stream);
    await until('it goes on', () => cloud.messages.length > 81);
  });
  it('sends again when a receipt lowers the mark because the store is another one', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud);
    for (let i = 1; i <= 5; i++) await store(i);
    await until('acknowledged', () => sender.counts().acks === sender.counts().publishes && cloud.stored.size === 5);
    cloud.receipt(outbox.state().stream);
    await until('settled', () => outbox.state().unsettled.length === 0);
    cloud.receipt(outbox.state().stream, { storeId: 'restored', version: 1, upTo: 2, ranges: [] });
    await until(
      'sent again',
      () =>
        cloud.messages
          .at(-1)
          ?.readings.map(({ seq }) => seq)
          .join() === '3,4,5',
    );
  });
  it('ignores an older receipt, one of another stream, and rubbish', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud);
    await store(1);
    await until('acknowledged', () => sender.counts().acks === 1);
    cloud.receipt(outbox.state().stream, { upTo: 0, version: 7 });
    cloud.receipt(outbox.state().stream, { upTo: 1, version: 6 });
    cloud.receipt('a'.repeat(16), { upTo: 1 });
    sender.receipt(new TextEncoder().encode('{"v":1'));
    await until('taken', () => sender.counts().ignoredReceipts === 2);
    expect(outbox.state().unsettled).toEqual([[1, 1]]);
  });
  it('settles what the cloud put into quarantine', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud);
    let sha256 = '';
    const publish = cloud.uplink.publish;
    cloud.uplink.publish = async (kind, payload) => {
      sha256 = createHash('sha256').update(payload).digest('hex');
      await publish(kind, payload);
    };
    await store(1);
    await until('acknowledged', () => sender.counts().acks === 1);
    cloud.receipt(outbox.state().stream, { upTo: 0, ranges: [], rejected: [{ sha256, reason: 'malformed' }] });
    await until('settled', () => outbox.state().unsettled.length === 0);
    expect(sender.counts()).toMatchObject({ quarantined: 1, mints: 0 });
  });
  it('sends a range again when asked, settled or not', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud);
    for (let i = 1; i <= 4; i++) await store(i);
    await until('acknowledged', () => cloud.stored.size === 4 && sender.counts().acks === sender.counts().publishes);
    const { stream } = outbox.state();
    cloud.receipt(stream);
    await until('settled', () => outbox.state().unsettled.length === 0);
    const before = cloud.messages.length;
    expect(sender.resend({ v: 1, id: 'x', act: 'resend', stream: 'a'.repeat(16), from: 1, to: 3 })).toBe(false);
    expect(sender.resend({ v: 1, id: 'x', act: 'resend', stream, from: 3, to: 2 })).toBe(true);
    expect(sender.resend({ v: 1, id: 'x', act: 'resend', stream, from: 2, to: 3 })).toBe(true);
    await until('sent again', () => cloud.messages[before]?.readings.map(({ seq }) => seq).join() === '2,3');
  });
  it('asked for numbers that it has yet to give, sends none of them twice', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud);
    await store(1);
    const { stream } = outbox.state();
    const everything = { v: 1, act: 'resend', stream, from: 1, to: Number.MAX_SAFE_INTEGER } as const;
    expect(sender.resend({ ...everything, id: 'x' })).toBe(true);
    await until('sent and settled', () => {
      cloud.receipt(stream);
      return outbox.state().unsettled.length === 0;
    });
    const publish = cloud.uplink.publish;
    let refuse = true;
    // Settled by the cloud although its PUBACK was lost: nothing is left to do.
    cloud.uplink.publish = async (kind, payload) => {
      await publish(kind, payload);
      if (refuse) {
        refuse = false;
        cloud.receipt(stream);
        await until('settled', () => outbox.state().unsettled.length === 0);
        throw new Error('the PUBACK was lost');
      }
    };
    await store(2);
    await until('the second', () => !refuse);
    const timesSent = (seq: number) =>
      cloud.messages.flatMap(({ readings }) => readings).filter((reading) => reading.seq === seq).length;
    const before = timesSent(1);
    sender.resend({ ...everything, id: 'y', to: 1 });
    await until('the first again', () => timesSent(1) > before);
    expect(timesSent(2)).toBe(1);
  });
});

describe('what is held for a report', () => {
  it('goes in one message when it is released, and is no backlog meanwhile', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud);
    for (let i = 1; i <= 5; i++) await store(i, {}, true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(cloud.messages).toEqual([]);
    expect(sender.waiting()).toEqual([]);
    sender.release();
    await until('all', () => cloud.stored.size === 5);
    expect(cloud.messages).toHaveLength(1);
  });
  it('goes with the next that is not held', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { store } = start(outbox, cloud);
    await store(1, {}, true);
    await store(2, {}, true);
    await store(3);
    await until('all', () => cloud.stored.size === 3);
    expect(cloud.messages.map(({ readings }) => readings.length)).toEqual([3]);
  });
  it('of two gauges that take their numbers in turn goes in one message each', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud);
    for (let i = 1; i <= 10; i++) await store(i, { gauge: i % 2 ? 'main' : 'spare' }, true);
    sender.release();
    await until('all', () => cloud.stored.size === 10);
    expect(cloud.messages.map(({ readings }) => readings.map(({ seq }) => seq))).toEqual([
      [2, 4, 6, 8, 10],
      [1, 3, 5, 7, 9],
    ]);
  });
  it('stays held through an outage, and goes as the agent stops', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud);
    await store(1);
    await until('the first', () => cloud.stored.size === 1);
    await store(2, {}, true);
    cloud.cut();
    cloud.join();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(cloud.stored.size).toBe(1);
    await sender.drain(1_000);
    expect(cloud.stored.size).toBe(2);
  });
});

describe('the backlog of two gauges', () => {
  it('goes in as many messages as that of one', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { store } = start(outbox, cloud);
    cloud.cut();
    for (let i = 1; i <= 1_000; i++) await store(i, { gauge: i % 2 ? 'main' : 'spare' });
    cloud.join();
    await until('all', () => cloud.stored.size === 1_000);
    expect(cloud.messages.length).toBeLessThan(12);
  });
});

describe('corrections', () => {
  const correcting = (pending: { seqs: SeqRanges }) => {
    const exposed: number[] = [];
    const corrections: Corrections = {
      async expose(readings) {
        exposed.push(...readings.map(({ reading }) => reading.seq));
      },
      outgoing: ({ reading }) => reading,
      pending: () => pending.seqs,
      corrected: ({ reading }) => ({ ...reading, observedAtMs: reading.observedAtMs + 1, clock: 'synced' }),
      settled(seqs) {
        pending.seqs = subtract(pending.seqs, seqs);
      },
    };
    return { exposed, corrections };
  };
  it('are told of before a reading leaves; go under revision 1 when the cloud has the reading; end on its word', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const pending = { seqs: [] as SeqRanges };
    const { exposed, corrections } = correcting(pending);
    const { sender, store } = start(outbox, cloud, { corrections });
    for (let i = 1; i <= 3; i++) await store(i);
    await until('sent', () => cloud.stored.size === 3);
    expect(exposed.sort()).toEqual([1, 2, 3]);
    pending.seqs = [[1, 3]];
    await until('acknowledged', () => sender.counts().acks === sender.counts().publishes);
    expect(cloud.corrected).toEqual([]);
    cloud.receipt(outbox.state().stream);
    await until('corrected', () => cloud.corrected.length === 3);
    expect(cloud.corrected.map(({ observedAtMs }) => observedAtMs)).toEqual([1_001, 2_001, 3_001]);
    cloud.receipt(outbox.state().stream, { corrections: [{ rev: 1, from: 1, to: 2 }] });
    await until('the first two', () => pending.seqs.length === 1 && pending.seqs[0]?.[0] === 3);
    cloud.receipt(outbox.state().stream, { corrections: [{ rev: 1, from: 3, to: 3 }] });
    await until('all', () => pending.seqs.length === 0);
    expect(cloud.corrected).toHaveLength(3);
  });
  it('that the cloud refuses are no proof of another history, and not sent again', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const pending = { seqs: [[1, 1]] as SeqRanges };
    const { sender, store } = start(outbox, cloud, correcting(pending));
    let sha256 = '';
    const publish = cloud.uplink.publish;
    cloud.uplink.publish = async (kind, payload) => {
      sha256 = createHash('sha256').update(payload).digest('hex');
      await publish(kind, payload);
    };
    await store(1);
    await until('acknowledged', () => sender.counts().acks === 1);
    cloud.receipt(outbox.state().stream);
    await until('corrected', () => cloud.corrected.length === 1);
    cloud.receipt(outbox.state().stream, { rejected: [{ sha256, reason: 'identity-conflict' }] });
    await until('settled', () => pending.seqs.length === 0);
    expect(sender.counts().mints).toBe(0);
  });
});

describe('the server’s time', () => {
  it('is told with the times between which it was, once a receipt answers a message', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const told: number[][] = [];
    const { sender, store } = start(outbox, cloud, { onServerTime: (...times) => told.push(times) });
    // A receipt that nothing asked for proves no time: it may be old.
    cloud.receipt(outbox.state().stream);
    await until('taken', () => sender.counts().receipts === 1);
    expect(told).toEqual([]);
    const fromMs = monotonicMs();
    await store(1);
    await until('acknowledged', () => sender.counts().acks === 1);
    cloud.receipt(outbox.state().stream, { serverTime: '2014-01-30T00:00:07.500Z' });
    await until('told', () => told.length === 1);
    const [serverMs = 0, sentMs = 0, receivedMs = 0] = told[0] ?? [];
    expect(serverMs).toBe(Date.UTC(2014, 0, 30, 0, 0, 7, 500));
    expect(sentMs).toBeGreaterThanOrEqual(fromMs);
    expect(receivedMs).toBeGreaterThanOrEqual(sentMs);
    expect(receivedMs).toBeLessThanOrEqual(monotonicMs());
    // The same again, later, says nothing new of the message.
    cloud.receipt(outbox.state().stream);
    await until('taken', () => sender.counts().receipts === 3);
    expect(told).toHaveLength(1);
  });
});

describe('receipts once an hour', () => {
  it('do not stop a backlog, nor its second sending when they stay out', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud);
    cloud.receipt(outbox.state().stream, { nextReceiptS: 3_600 });
    await until('taken', () => sender.counts().receipts === 1);
    cloud.cut();
    for (let i = 1; i <= 200; i++) await store(i, { intervalS: i });
    cloud.join();
    // Each has a head of its own, so each is a message: more than any window.
    await until('all without a receipt', () => cloud.stored.size === 200);
    expect(sender.waiting()).toEqual([]);
    expect(outbox.state().unsettled).toEqual([[1, 200]]);
    const publishes = cloud.messages.length;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => Date.now() - startedMs + 3_700_000);
    const startedMs = Date.now();
    expect(sender.waiting().length).toBeLessThanOrEqual(1);
    await until('all again', () => cloud.messages.length >= publishes + 200);
    now.mockRestore();
  });
  it('do not keep back what the platform asks for again, nor make a new connection repeat what it has', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const { sender, store } = start(outbox, cloud, { wordMs: 300 });
    const { stream } = outbox.state();
    cloud.receipt(stream, { nextReceiptS: 21_600 });
    for (let i = 1; i <= 3; i++) {
      await store(i);
      await until('acknowledged', () => sender.counts().acks === i);
    }
    sender.resend({ v: 1, id: 'x', act: 'resend', stream, from: 2, to: 2 });
    await until('the second again', () => cloud.messages.length === 4);
    expect(cloud.messages[3]?.readings.map(({ seq }) => seq)).toEqual([2]);
    await until('acknowledged', () => sender.counts().acks === 4);
    cloud.cut();
    // Seven hours later all of it is overdue; but the platform's word comes first.
    const realMs = performance.now.bind(performance);
    const now = vi.spyOn(performance, 'now').mockImplementation(() => realMs() + 7 * 3_600_000);
    cloud.join();
    await pause(150);
    cloud.receipt(stream, { nextReceiptS: 5 });
    await until('settled', () => outbox.state().unsettled.length === 0);
    await pause(300);
    now.mockRestore();
    expect(cloud.messages).toHaveLength(4);
  });
  it('and none after connecting: older readings wait a moment for it, a live one does not', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    for (let i = 1; i <= 3; i++) await outbox.append(aDraft());
    const { store } = start(outbox, cloud, { wordMs: 400 });
    await store(4);
    await until('the live one', () => cloud.messages.length === 1);
    expect(cloud.messages[0]?.readings.map(({ seq }) => seq)).toEqual([4]);
    await pause(150);
    expect(cloud.messages).toHaveLength(1);
    await until('the older ones', () => cloud.stored.size === 4);
  });
});

describe('an old copy of the outbox, put back', () => {
  const root = mkdtempSync(join(tmpdir(), 'siaga-copy-'));
  const [folder, copy] = [join(root, 'outbox'), join(root, 'copy')];
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** Runs an agent's outbox on the folder: stores these distances, sends, gets receipts, stops. */
  async function run(cloud: ReturnType<typeof createCloud>, distances: number[], offline = false) {
    const outbox = await openFileOutbox({ folder });
    if (offline) cloud.cut();
    else cloud.join();
    const sender = createSender(outbox, cloud.uplink, log, { verdictMs: 150, spacingMs: 1, wordMs: 0 });
    cloud.attach(sender);
    for (const distanceMm of distances)
      sender.stored(await outbox.append(aDraft({ reading: { distanceMm, observedAtMs: distanceMm * 1000 } })));
    if (!offline)
      await until('everything settled', async () => {
        for (const stream of cloud.settled.keys()) cloud.receipt(stream);
        await new Promise((resolve) => setTimeout(resolve, 30));
        return outbox.state().unsettled.length === 0;
      });
    await sender.stop();
    await outbox.close();
    return sender.counts();
  }
  const distancesIn = (cloud: ReturnType<typeof createCloud>) =>
    [...cloud.stored.values()].map(({ distanceMm }) => distanceMm).sort((a, b) => Number(a) - Number(b));
  const putBack = () => {
    rmSync(folder, { recursive: true, force: true });
    cpSync(copy, folder, { recursive: true });
  };
  const takeCopy = () => {
    rmSync(copy, { recursive: true, force: true });
    cpSync(folder, copy, { recursive: true });
  };

  it.each([
    ['used at once', [[201, 202]], false],
    ['run offline beyond the old end first', [[201, 202, 203, 204, 205, 206, 207, 208]], true],
    [
      'run offline twice first',
      [
        [201, 202],
        [203, 204],
      ],
      true,
    ],
  ] as const)('%s: nothing lost, nothing twice, a new stream', async (_, runs, offline) => {
    rmSync(folder, { recursive: true, force: true });
    const cloud = createCloud();
    await run(cloud, [1, 2, 3]);
    takeCopy();
    await run(cloud, [101, 102, 103, 104]);
    putBack();
    let mints = 0;
    for (const distances of runs) mints += (await run(cloud, [...distances], offline)).mints;
    mints += (await run(cloud, [301])).mints;
    expect(mints).toBe(1);
    expect(distancesIn(cloud)).toEqual([1, 2, 3, 101, 102, 103, 104, ...runs.flat(), 301]);
  });
  it('with hundreds of readings of both histories: taken apart in few messages', async () => {
    rmSync(folder, { recursive: true, force: true });
    const cloud = createCloud();
    const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
    await run(cloud, numbers(1, 300));
    takeCopy();
    await run(cloud, numbers(1_001, 12));
    putBack();
    // Two runs offline: the readings of the first are in doubt, 12 of them under numbers that the cloud knows.
    await run(cloud, numbers(2_001, 200), true);
    await run(cloud, numbers(3_001, 50), true);
    const before = cloud.messages.length;
    const { mints } = await run(cloud, numbers(4_001, 1));
    expect(mints).toBe(1);
    const all = [...numbers(1, 300), ...numbers(1_001, 12), ...numbers(2_001, 200), ...numbers(3_001, 50), 4_001];
    expect(distancesIn(cloud)).toEqual(all);
    // One at a time it was 250 and more.
    expect(cloud.messages.length - before).toBeLessThan(60);
  }, 30_000);
  it('a copy with readings that were sent later: those are not stored twice', async () => {
    rmSync(folder, { recursive: true, force: true });
    const cloud = createCloud();
    await run(cloud, [1, 2, 3]);
    await run(cloud, [11, 12], true);
    takeCopy();
    await run(cloud, [101]);
    putBack();
    await run(cloud, [201, 202]);
    expect(distancesIn(cloud)).toEqual([1, 2, 3, 11, 12, 101, 201, 202]);
  });
  it('that the disk gives no room to move is tried again in a while, not in a loop', async () => {
    const [outbox, cloud] = [createMemoryOutbox(), createCloud()];
    const attemptsMs: number[] = [];
    const full = {
      ...outbox,
      remint: async (seqs: SeqRanges) => {
        attemptsMs.push(performance.now());
        if (attemptsMs.length < 2) throw new Error('ENOSPC');
        return outbox.remint(seqs);
      },
    };
    const sender = createSender(full, cloud.uplink, log, { verdictMs: 550, wordMs: 0 });
    cloud.attach(sender);
    ending.push(() => sender.stop());
    sender.stored(await outbox.append(aDraft()));
    await until('acknowledged', () => sender.counts().acks === 1);
    cloud.receipt(outbox.state().stream, { upTo: 50, ranges: [] });
    await until('moved', () => sender.counts().mints === 1);
    const [first = 0, second = 0] = attemptsMs;
    expect(second - first).toBeGreaterThanOrEqual(540);
  });
  it('an ordinary restart mints nothing and stores nothing twice', async () => {
    rmSync(folder, { recursive: true, force: true });
    const cloud = createCloud();
    for (let round = 0; round < 4; round++) {
      const counts = await run(cloud, [round * 10 + 1, round * 10 + 2], round === 2);
      expect(counts.mints).toBe(0);
    }
    expect(distancesIn(cloud)).toEqual([1, 2, 11, 12, 21, 22, 31, 32]);
  });
});
