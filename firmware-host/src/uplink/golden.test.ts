import { readFileSync } from 'node:fs';
import { decodeCommand, decodeReceipt, type OnlineHealth, type Reading, type ReadingsBatch } from '@siaga/protocol';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Outbox, OutboxState, StoredReading } from '../outbox/outbox.ts';
import { until } from '../testing/builders.ts';
import { offlineHealth, onlineHealth } from './device.ts';
import { judgeReceipt } from './receipts.ts';
import { createSender } from './sender.ts';

// The agent's side of the golden messages: it sends what the cloud reads, and reads what the cloud sends.
function fixture(name: string): { wire: string; decoded: ReadingsBatch } {
  return JSON.parse(readFileSync(new URL(`../../../protocol/fixtures/${name}.json`, import.meta.url), 'utf8'));
}
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (payload: Uint8Array) => new TextDecoder().decode(payload);

/** An outbox that holds exactly the readings of a batch, under their own stream and numbers. */
function holding({ stream, boot, gauge, intervalS, maintenance, readings, lost }: ReadingsBatch): Outbox {
  const stored = readings.map(
    (reading: Reading): StoredReading => ({ stream, boot, gauge, intervalS, maintenance, monoMs: null, reading }),
  );
  const held = readings.map(({ seq }) => [seq, seq] as const);
  const lastSeq = readings.at(-1)?.seq ?? 0;
  const state: OutboxState = {
    stream,
    lastSeq,
    held,
    settled: [],
    unsettled: held,
    lost,
    doubt: null,
    bytes: 0,
    notKept: 0,
  };
  return {
    state: () => state,
    storeId: () => null,
    append: async () => expect.unreachable('nothing is appended here'),
    lease: async (_seqs, limit) => stored.slice(0, limit),
    settle: async () => undefined,
    remint: async () => expect.unreachable('nothing is minted here'),
    close: async () => undefined,
  };
}

it.each(['readings-live', 'readings-backlog', 'readings-maintenance'])(
  '%s is what we send, byte for byte',
  async (name) => {
    const { wire, decoded } = fixture(name);
    const sent: string[] = [];
    const uplink = {
      connected: () => true,
      reconnects: () => 0,
      trouble: () => null,
      leave: () => undefined,
      close: async () => undefined,
      publish: async (kind: string, payload: Uint8Array) => void sent.push(`${kind} ${text(payload)}`),
    };
    const sender = createSender(holding(decoded), uplink, pino({ level: 'silent' }));
    sender.connected();
    await until('a message', () => sent.length > 0);
    await sender.stop();
    expect(sent[0]).toBe(`readings ${wire}`);
  },
);

it('health and last will are what we send, byte for byte', () => {
  const online = fixture('health-online').wire;
  const { v: _v, state: _state, ...health } = JSON.parse(online) as OnlineHealth;
  expect(text(onlineHealth(health))).toBe(online);
  expect(text(offlineHealth(12))).toBe(fixture('health-will').wire);
});

it('a receipt settles all but its missing numbers', () => {
  const receipt = decodeReceipt(bytes(fixture('receipt').wire));
  if (!receipt.ok) throw new Error(receipt.reason);
  const { stream } = receipt.value;
  const held = [[1, 1440]] as const;
  const outbox: OutboxState = {
    stream,
    lastSeq: 1440,
    held,
    settled: [],
    unsettled: held,
    lost: [],
    doubt: null,
    bytes: 0,
    notKept: 0,
  };
  const verdict = judgeReceipt(receipt.value, {
    outbox,
    storeId: null,
    version: 0,
    messages: new Map(),
    confirmed: [],
  });
  expect(verdict).toMatchObject({
    kind: 'settle',
    settlement: {
      stream,
      settled: [
        [1, 11],
        [13, 1440],
      ],
      storeId: 's4f2',
    },
  });
});

it.each(['command-resend', 'command-cadence'])('%s is read', (name) => {
  const { wire } = fixture(name);
  expect(decodeCommand(bytes(wire))).toEqual({ ok: true, value: JSON.parse(wire) });
});
