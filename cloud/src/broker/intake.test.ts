import { createHash } from 'node:crypto';
import { encodeJson, encodeReadings, type ReadingsBatch, topicOf } from '@siaga/protocol';
import { beforeEach, expect, test } from 'vitest';
import type { Rejected } from '../ports.ts';
import type { DeviceMessage } from './embedded.ts';
import { createIntake } from './intake.ts';

const batch: ReadingsBatch = {
  stream: 'abcdefghijklmnop',
  boot: 'b1',
  rev: 0,
  gauge: 'main',
  intervalS: 60,
  maintenance: false,
  readings: [
    {
      seq: 1,
      observedAtMs: 1_391_000_000_000,
      distanceMm: 2000,
      echo: 'seen',
      spreadMm: 1,
      validPercent: 100,
      temperatureDeciC: null,
      flag: 1,
      test: 'none',
      clock: 'synced',
    },
  ],
  lost: [],
};

let kept: unknown[];
let quarantined: Rejected[];
let told: string[];
let intake: ReturnType<typeof createIntake>;

beforeEach(() => {
  kept = [];
  quarantined = [];
  told = [];
  intake = createIntake({
    readings: async (decoded, { station }) => kept.push([station, decoded]),
    health: async (station, health) => kept.push([station, health]),
    about: async (station, about) => kept.push([station, about]),
    quarantine: {
      put: async (rejects) => {
        quarantined.push(...rejects);
      },
    },
    rejected: (station, stream, sha256) => told.push(`${station} ${stream} ${sha256}`),
    nowMs: () => 42,
  });
});

function message(kind: DeviceMessage['kind'], payload: Uint8Array): DeviceMessage {
  return { station: 'katulampa', kind, topic: topicOf('katulampa', kind), payload };
}

test('readings go to ingest under the certificate’s station', async () => {
  await intake(message('readings', encodeReadings(batch)));
  expect(kept).toEqual([['katulampa', batch]]);
  expect(quarantined).toEqual([]);
});

test('a last will is health', async () => {
  const will = { v: 1, state: 'offline', connection: 3 };
  await intake(message('health', encodeJson(will)));
  expect(kept).toEqual([['katulampa', will]]);
});

test.each([
  ['readings', Buffer.from('')],
  ['readings', Buffer.from([0xff, 0xfe, 0x00])],
  ['readings', Buffer.from('{"v":1}')],
  ['readings', Buffer.from('[[[[')],
  ['readings', Buffer.alloc(129 * 1024, 'a')],
  ['health', Buffer.from('{"v":2,"state":"online"}')],
  ['about', Buffer.from('null')],
] as const)('malformed %s (%#) is kept whole with its reason before it is acknowledged', async (kind, payload) => {
  await intake(message(kind, payload));
  const sha256 = createHash('sha256').update(payload).digest('hex');
  expect(kept).toEqual([]);
  expect(quarantined).toMatchObject([
    { station: 'katulampa', topic: topicOf('katulampa', kind), reason: 'malformed', sha256, receivedAtMs: 42 },
  ]);
  expect(quarantined[0]?.detail).not.toBe('');
  expect(quarantined[0]?.payload).toBe(payload);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(sha256);
});

test('the sender hears of its malformed message under the stream that it names', async () => {
  const broken = Buffer.from(encodeReadings(batch)).subarray(0, -1);
  await intake(message('readings', broken));
  expect(told[0]).toContain(`katulampa ${batch.stream} `);
});

test('what could not be kept is not acknowledged', async () => {
  const failing = createIntake({
    readings: async () => {},
    health: async () => {},
    about: async () => {},
    quarantine: { put: () => Promise.reject(new Error('disk full')) },
    rejected: () => told.push('told'),
    nowMs: () => 42,
  });
  await expect(failing(message('about', Buffer.from('x')))).rejects.toThrow('disk full');
  expect(told).toEqual([]);
});
