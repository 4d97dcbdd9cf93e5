import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type About,
  decodeCommand,
  decodeReceipt,
  type MachineHealth,
  type OnlineHealth,
  type Reading,
  type ReadingsBatch,
} from '@siaga/protocol';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { healthNow } from '../agent/health.ts';
import type { Cadence } from '../cadence/cadence.ts';
import type { Gauge } from '../gauge.ts';
import type { Outbox, OutboxState, StoredReading } from '../outbox/outbox.ts';
import { createPki } from '../testing/broker.ts';
import { until } from '../testing/builders.ts';
import { agentVersion } from '../version.ts';
import { aboutOf, offlineHealth, onlineHealth } from './device.ts';
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

it.each(['readings-live', 'readings-backlog', 'readings-maintenance', 'readings-temperature'])(
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

it('health with all that there is to say is what we send, byte for byte', async () => {
  const { wire } = fixture('health-full');
  const golden = JSON.parse(wire) as OnlineHealth;
  const { stream, boot, start, uptimeS, clock, batteryMv, diskFreeBytes, machine, cadence, commands } = golden;
  const [oldest] = fixture('readings-live').decoded.readings;
  const atMs = (text: string | null | undefined) => Date.parse(text ?? '');
  const folder = mkdtempSync(join(tmpdir(), 'siaga-golden-'));
  const certificate = join(folder, 'device.crt');
  const notAfter = new Date(atMs(golden.certificateExpiresAt));
  writeFileSync(certificate, (await (await createPki()).issue('katulampa', { notBefore: new Date(0), notAfter })).cert);
  const outbox = {
    state: () => ({ stream, notKept: golden.notKept }),
    lease: async () => [{ reading: { ...oldest, observedAtMs: atMs(golden.backlog.oldestAt) } }],
  };
  const { payload } = await healthNow({
    outbox: outbox as unknown as Outbox,
    waiting: () => [[1, golden.backlog.count]],
    gauges: golden.gauges.map((gauge) => ({ health: () => gauge }) as Gauge),
    boot,
    start: start as NonNullable<typeof start>,
    uptimeMs: () => uptimeS * 1000 + 999,
    nowMs: () => atMs(golden.at),
    connection: () => golden.connection,
    clock: () => clock,
    maintenanceUntilMs: () => atMs(golden.maintenanceUntil),
    cadence: () => cadence as Cadence,
    machine: async () => ({ machine: machine as MachineHealth, batteryMv, diskFreeBytes }),
    certificate,
    commands: () => commands ?? [],
  });
  rmSync(folder, { recursive: true });
  expect(text(payload)).toBe(wire);
});

it('what a device says of itself after a calibration is what we send, but for our version', () => {
  const { wire } = fixture('about-calibrated');
  const { firmware, gauges, calibrations, settings } = JSON.parse(wire) as About;
  const there = gauges.map(
    ({ gauge, model, ...limits }) =>
      ({ config: { gauge, sensor: model }, driver: limits, status: () => ({ identity: [] }) }) as unknown as Gauge,
  );
  const sent = text(aboutOf(there, { calibrations, ...(settings ? { settings } : {}) }));
  expect(sent.replace(agentVersion, firmware.version)).toBe(wire);
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

it.each(['command-resend', 'command-cadence', 'command-settings', 'command-update'])('%s is read', (name) => {
  const { wire } = fixture(name);
  expect(decodeCommand(bytes(wire))).toEqual({ ok: true, value: JSON.parse(wire) });
});
