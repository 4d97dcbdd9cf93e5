import { readdirSync, readFileSync } from 'node:fs';
import { isDeviceTopic, parseTopic } from '@siaga/protocol';
import { describe, expect, it } from 'vitest';
import { createReceipts } from '../ingest/receipts.ts';
import { createIntake } from './intake.ts';

type Fixture = { topic: string; wire: string; decoded?: unknown };

// The cloud's side of the golden messages: it reads what a device sends, and sends what a device reads.
const folder = new URL('../../../protocol/fixtures/', import.meta.url);
const fixtures = readdirSync(folder)
  // How a device gets its certificate has a tree, and a test, of its own.
  .filter((file) => !file.startsWith('provision-'))
  .map((file): [string, Fixture] => [file, readFixture(file)]);

function readFixture(file: string): Fixture {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
}

function placeOf({ topic }: Fixture) {
  const parsed = parseTopic(topic);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
}

describe.each(fixtures.filter(([, fixture]) => isDeviceTopic(placeOf(fixture).kind)))('%s', (_file, fixture) => {
  it('is taken in as what it says', async () => {
    const taken: unknown[] = [];
    const take = async (...[first, second]: unknown[]) => taken.push(typeof first === 'string' ? second : first);
    const intake = createIntake({
      readings: take,
      health: take,
      about: take,
      quarantine: { put: async () => expect.unreachable('a golden message in quarantine') },
      rejected: () => expect.unreachable('a golden message rejected'),
      nowMs: () => 0,
    });
    const { station, kind } = placeOf(fixture);
    if (!isDeviceTopic(kind)) throw new Error(`${kind} is the cloud's`);
    await intake({ station, kind, topic: fixture.topic, payload: new TextEncoder().encode(fixture.wire) });
    expect(taken).toEqual([fixture.decoded ?? JSON.parse(fixture.wire)]);
  });
});

describe.each([
  [
    'receipt.json',
    { rev: 0, rejected: [{ reason: 'malformed', sha256: '0'.repeat(64), seqs: [] }] },
    [
      [1, 11],
      [13, 1440],
    ],
  ],
  ['receipt-corrections.json', { rev: 1, stored: [[12, 12]] }, [[1, 1440]]],
] as const)('%s', (file, outcome, settled) => {
  it('is what we send, but for the number of the receipt', async () => {
    const { topic, wire } = readFixture(file);
    const golden = JSON.parse(wire);
    const { station } = placeOf(readFixture(file));
    const sent: unknown[] = [];
    const receipts = createReceipts({
      readings: {
        storeId: golden.storeId,
        generation: 1,
        settled: (_station, stream) => ({ station, stream, settled }),
      },
      quarantine: { recent: async () => [] },
      channel: {
        send: async (to, kind, payload) => {
          sent.push([`flood/v1/${to}/${kind}`, JSON.parse(new TextDecoder().decode(payload))]);
        },
      },
      clock: { now: () => Date.parse(golden.serverTime), origin: 0, speed: 1 },
      nextReceiptS: golden.nextReceiptS,
    });
    receipts.note({ station, stream: golden.stream, stored: [], duplicates: [], rejected: [], ...outcome });
    await expect.poll(() => sent).toHaveLength(1);
    receipts.close();
    expect(sent).toEqual([[topic, { ...golden, version: expect.any(Number) }]]);
    expect(Object.keys((sent[0] as [string, object])[1])).toEqual(Object.keys(golden));
  });
});
