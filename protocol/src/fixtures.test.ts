import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeAbout } from './about.ts';
import { decodeCommand } from './command.ts';
import { decodeHealth } from './health.ts';
import { decodeProvisionAnswer, decodeProvisionRequest } from './provision.ts';
import { decodeReadings, encodeReadings } from './reading.ts';
import { decodeReceipt } from './receipt.ts';
import { type ProvisionKind, parseProvisionTopic, parseTopic, type TopicKind } from './topic.ts';

type Fixture = { note: string; topic: string; wire: string; decoded?: unknown };

const folder = new URL('../fixtures/', import.meta.url);
const fixtures = readdirSync(folder).map((file): [string, Fixture] => [
  file,
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
]);

const decoders = {
  readings: decodeReadings,
  receipt: decodeReceipt,
  health: decodeHealth,
  about: decodeAbout,
  command: decodeCommand,
  request: decodeProvisionRequest,
  answer: decodeProvisionAnswer,
} satisfies Record<TopicKind | ProvisionKind, unknown>;

function kindOf(fixture: Fixture): TopicKind | ProvisionKind {
  const provision = parseProvisionTopic(fixture.topic);
  if (provision.ok) return provision.value.kind;
  const topic = parseTopic(fixture.topic);
  if (!topic.ok) throw new Error(topic.reason);
  return topic.value.kind;
}

describe.each(fixtures)('golden fixture %s', (_file, fixture) => {
  const bytes = new TextEncoder().encode(fixture.wire);
  const kind = kindOf(fixture);

  it('decodes to what it says', () => {
    const decoded = decoders[kind](bytes);
    expect(decoded).toEqual({ ok: true, value: fixture.decoded ?? JSON.parse(fixture.wire) });
  });

  it('is what we would send, byte for byte', () => {
    if (kind !== 'readings') return expect(JSON.stringify(JSON.parse(fixture.wire))).toBe(fixture.wire);
    const decoded = decodeReadings(bytes);
    expect(decoded.ok && new TextDecoder().decode(encodeReadings(decoded.value))).toBe(fixture.wire);
  });

  it('is refused with a reason when cut anywhere', () => {
    for (let length = 0; length < bytes.length; length++) {
      const outcome = decoders[kind](bytes.subarray(0, length));
      expect(outcome.ok ? 'accepted' : outcome.reason).toBe('not UTF-8 JSON');
    }
  });
});

it('every kind of message has a golden fixture', () => {
  expect(new Set(fixtures.map(([, fixture]) => kindOf(fixture)))).toEqual(new Set(Object.keys(decoders)));
});
