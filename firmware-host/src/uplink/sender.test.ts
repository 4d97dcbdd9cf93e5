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
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { openFileOutbox } from '../outbox/file.ts';
import { createMemoryOutbox } from '../outbox/memory.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { aDraft, until } from '../testing/builders.ts';
import { createSender, type Sender, type SenderOptions } from './sender.ts';
import type { Uplink } from './uplink.ts';

const log = pino({ level: 'silent' });

/** A broker and a store behind it: commits, dedups, quarantines, writes receipts when asked to. */
function createCloud(storeId = 'store-1') {
  const messages: ReadingsBatch[] = [];
  const stored = new Map<string, Reading>();
  const settled = new Map<string, SeqRanges>();
  let rejected: Receipt['rejected'] = [];
  let version = 0;
  let online = true;
  let sender: Sender | null = null;
  return {
    messages,
    stored,
    settled,
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
        const { stream, readings, lost } = batch.value;
        messages.push(batch.value);
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
  const sender = createSender(outbox, cloud.uplink, log, { spacingMs: 1, ...options });
  cloud.attach(sender);
  ending.push(() => sender.stop());
  const store = async (distanceMm: number, over = {}) => {
    const kept = await outbox.append(aDraft({ ...over, reading: { distanceMm, observedAtMs: distanceMm * 1000 } }));
    sender.stored(kept);
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

describe('an old copy of the outbox, put back', () => {
  const root = mkdtempSync(join(tmpdir(), 'siaga-copy-'));
  const [folder, copy] = [join(root, 'outbox'), join(root, 'copy')];
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** Runs an agent's outbox on the folder: stores these distances, sends, gets receipts, stops. */
  async function run(cloud: ReturnType<typeof createCloud>, distances: number[], offline = false) {
    const outbox = await openFileOutbox({ folder });
    if (offline) cloud.cut();
    else cloud.join();
    const sender = createSender(outbox, cloud.uplink, log, { verdictMs: 150, spacingMs: 1 });
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
    const sender = createSender(full, cloud.uplink, log, { verdictMs: 550 });
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
