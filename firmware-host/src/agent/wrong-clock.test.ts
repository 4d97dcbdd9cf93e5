/**
 * A machine whose wall clock is 22 months behind. Here the test machine's own clock is the wrong one: the world
 * lives 22 months from now, and the broker's certificate is not valid before next year.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeHealth, decodeReadings, encodeJson, systemClock } from '@siaga/protocol';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { type Agent, startAgent } from '../agent.ts';
import { createPki, startBroker, type TestBroker, writeCredentials } from '../testing/broker.ts';
import { until } from '../testing/builders.ts';
import { encodeHrxlFrame } from '../testing/encoders.ts';
import { createFakeLink } from '../testing/fake-link.ts';
import { createTestMachine } from '../testing/machine.ts';
import { monotonicMs } from '../wait.ts';

const dayMs = 86_400_000;
const aheadMs = 670 * dayMs;
const trueMs = () => Date.now() + aheadMs;

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function field() {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-wrong-clock-'));
  ending.push(() => rmSync(folder, { recursive: true, force: true }));
  const dates = { notBefore: new Date(Date.now() - dayMs), notAfter: new Date(trueMs() + 365 * dayMs) };
  const pki = await createPki(dates);
  const server = await pki.issueServer({ notBefore: new Date(trueMs() - 30 * dayMs), notAfter: dates.notAfter });
  const broker = await startBroker({ ...pki, server });
  ending.push(() => broker.close());
  const machine = createTestMachine(0);
  machine.write('proc/sys/kernel/random/boot_id', '5b9f4c1e-8a55-4a53-9f5e-0d3b6f2a7c11\n');
  ending.push(machine.remove);
  const link = createFakeLink();
  const credentials = await writeCredentials(pki, 'katulampa', folder);
  const start = async (online = true): Promise<Agent> => {
    const agent = await startAgent({
      config: {
        station: 'katulampa',
        data: join(folder, 'data'),
        sampling: { intervalS: 60, pings: 1, trigger: 'burst' },
        gauges: [{ gauge: 'main', port: 'x', sensor: 'maxbotix-hrxl-wr', maxMm: 5000 }],
        uplink: online ? { url: `mqtts://127.0.0.1:${broker.port}`, ...credentials } : null,
      },
      clock: systemClock(),
      time: { root: machine.root, wallMs: Date.now, monoMs: monotonicMs, askTimeService: async () => false },
      openLink: link.open,
      log: pino({ level: 'silent' }),
      timing: { backOffFirstMs: 20, backOffMostMs: 100 },
    });
    ending.push(() => agent.stop());
    await until('open', () => agent.status().gauges[0]?.link === 'open');
    return agent;
  };
  return { broker, link, start };
}

const batches = ({ published }: TestBroker) =>
  published.flatMap(({ topic, payload }) => {
    const batch = topic.endsWith('/readings') ? decodeReadings(payload) : null;
    return batch?.ok ? [batch.value] : [];
  });
const healths = ({ published }: TestBroker) =>
  published.flatMap(({ topic, payload }) => {
    const health = topic.endsWith('/health') ? decodeHealth(payload) : null;
    return health?.ok && health.value.state === 'online' ? [health.value] : [];
  });

/** The platform's word on everything that came, with the right time in it. */
async function giveReceipt(broker: TestBroker, version: number): Promise<void> {
  const all = batches(broker);
  const [first] = all;
  const seqs = all.flatMap(({ readings }) => readings.map(({ seq }) => seq));
  const corrected = all
    .filter(({ rev }) => rev > 0)
    .flatMap(({ rev, readings }) => readings.map(({ seq }) => ({ rev, from: seq, to: seq })));
  await broker.send(
    'flood/v1/katulampa/receipt',
    encodeJson({
      v: 1,
      storeId: 's',
      version,
      stream: first?.stream,
      upTo: Math.max(...seqs),
      ranges: [],
      ...(corrected.length > 0 ? { corrections: corrected } : {}),
      nextReceiptS: 1,
      serverTime: new Date(trueMs()).toISOString(),
      rejected: [],
    }),
  );
}

it('stores at once, connects although the certificate is not valid yet, sends uncertain, and corrects to the second', async () => {
  const { broker, link, start } = await field();
  const agent = await start();
  const measuredMs = trueMs();
  link.write(encodeHrxlFrame(1700));
  await until('stored', () => agent.status().stored === 1);
  expect(agent.status().lastReading?.reading.clock).toBe('unsynced');
  await until('sent', () => batches(broker).length === 1);
  expect(batches(broker)[0]).toMatchObject({ rev: 0, readings: [{ distanceMm: 1700, clock: 'unsynced' }] });
  expect(healths(broker)[0]).toMatchObject({ clock: 'unsynced' });
  await until('acknowledged', () => agent.status().acks === 1);
  // Only an answer to a message after the first receipt proves when it was written.
  await giveReceipt(broker, 1);
  await until('settled', () => agent.status().settled === 1);
  link.write(encodeHrxlFrame(1695));
  await until('acknowledged', () => agent.status().acks === 2);
  await giveReceipt(broker, 2);

  const corrections = () => batches(broker).flatMap(({ rev, readings }) => (rev === 1 ? readings : []));
  await until('corrected', () => corrections().length === 2);
  expect(corrections()).toMatchObject([
    { seq: 1, distanceMm: 1700, clock: 'synced' },
    { seq: 2, distanceMm: 1695, clock: 'synced' },
  ]);
  expect(Math.abs((corrections()[0]?.observedAtMs ?? 0) - measuredMs)).toBeLessThan(1_000);
  await until('told', () => healths(broker).at(-1)?.clock === 'synced');
  expect(Math.abs(Date.parse(healths(broker).at(-1)?.at ?? '') - trueMs())).toBeLessThan(2_000);

  link.write(encodeHrxlFrame(1690));
  await until('the next', () => batches(broker).some(({ readings }) => readings[0]?.seq === 3));
  const [next] = batches(broker).find(({ readings }) => readings[0]?.seq === 3)?.readings ?? [];
  expect(next).toMatchObject({ clock: 'synced' });
  expect(Math.abs((next?.observedAtMs ?? 0) - trueMs())).toBeLessThan(1_000);
});

it('what was stored before there was a link is corrected too, and no number says two things under one revision', async () => {
  const { broker, link, start } = await field();
  const offline = await start(false);
  const measuredMs = trueMs();
  for (let i = 0; i < 3; i++) link.write(encodeHrxlFrame(1_000 + i));
  await until('stored', () => offline.status().stored === 3);
  await offline.stop();
  const agent = await start();
  await until('connected', () => agent.status().acks > 0);
  await giveReceipt(broker, 1);
  await until('taken', () => agent.status().receipts === 1);
  link.write(encodeHrxlFrame(1_500));
  await until('acknowledged', () => agent.status().stored === 1 && agent.status().acks === agent.status().publishes);
  let version = 1;
  const certain = () =>
    new Map(
      batches(broker)
        .flatMap(({ readings }) => readings)
        .filter(({ clock }) => clock === 'synced')
        .map(({ seq, observedAtMs }) => [seq, observedAtMs]),
    );
  await until('all are certain', async () => {
    await giveReceipt(broker, ++version);
    return certain().size === 4;
  });
  for (const atMs of certain().values()) expect(Math.abs(atMs - measuredMs)).toBeLessThan(5_000);
  // Under one revision a number never says two things.
  const said = new Map<string, number>();
  for (const { rev, readings } of batches(broker))
    for (const { seq, observedAtMs } of readings) {
      const place = `${rev}/${seq}`;
      expect(said.get(place) ?? observedAtMs).toBe(observedAtMs);
      said.set(place, observedAtMs);
    }
});
