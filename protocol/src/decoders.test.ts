import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAbout } from './about.ts';
import { decodeCommand } from './command.ts';
import { decodeHealth } from './health.ts';
import { encodeJson } from './parse.ts';
import { decodeProvisionAnswer, decodeProvisionRequest } from './provision.ts';
import { decodeReadings } from './reading.ts';
import { decodeReceipt } from './receipt.ts';
import type { Parsed } from './result.ts';
import { parseProvisionTopic, parseTopic } from './topic.ts';

const decoders = {
  readings: decodeReadings,
  receipt: decodeReceipt,
  health: decodeHealth,
  about: decodeAbout,
  command: decodeCommand,
  request: decodeProvisionRequest,
  answer: decodeProvisionAnswer,
};
type Kind = keyof typeof decoders;

const folder = new URL('../fixtures/', import.meta.url);
const wires = readdirSync(folder).map((file): { kind: Kind; wire: string } => {
  const { topic, wire } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  const provision = parseProvisionTopic(topic);
  const parsed = provision.ok ? provision : parseTopic(topic);
  if (!parsed.ok) throw new Error(parsed.reason);
  return { kind: parsed.value.kind, wire };
});

/** Read, or refused with a short reason. What was read is read again alike. */
function expectSense(kind: Kind, bytes: Uint8Array): void {
  const decode = decoders[kind] as (bytes: Uint8Array) => Parsed<unknown>;
  const outcome = decode(bytes);
  if (outcome.ok) expect(decode(bytes)).toEqual(outcome);
  else {
    expect(outcome.reason.length).toBeGreaterThan(0);
    expect(outcome.reason.length).toBeLessThanOrEqual(200);
  }
}

/** The message with the value at one of its places, however deep, made another, or taken out. */
function changed(value: unknown, at: number, to: unknown): unknown {
  let place = 0;
  const walk = (node: unknown): unknown => {
    if (place++ === at) return to;
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(value);
}

const oddValues = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(undefined, -1, 0, 1.5, 1e308, 2 ** 53, '', '\0', '2014-13-45T99:99:99Z', [], {}, [[]]),
);

describe.each(Object.keys(decoders) as Kind[])('decoding %s never throws', (kind) => {
  const own = wires.filter((fixture) => fixture.kind === kind);
  it('on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => expectSense(kind, bytes)));
  });
  it('on any JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expectSense(kind, encodeJson(value))));
  });
  it('on a true message with one byte or one value changed', () => {
    expect(own.length).toBeGreaterThan(0);
    fc.assert(
      fc.property(fc.constantFrom(...own), fc.nat(), fc.nat(255), ({ wire }, at, byte) => {
        const bytes = new TextEncoder().encode(wire);
        bytes[at % bytes.length] = byte;
        expectSense(kind, bytes);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...own), fc.nat(60), oddValues, ({ wire }, at, to) => {
        const text = JSON.stringify(changed(JSON.parse(wire), at, to)) ?? '';
        expectSense(kind, new TextEncoder().encode(text));
      }),
    );
  });
  it('on nesting without end, or a message that is too long', () => {
    expectSense(kind, new TextEncoder().encode('['.repeat(100_000)));
    expectSense(kind, new TextEncoder().encode(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`));
    expectSense(kind, new TextEncoder().encode(`"${'x'.repeat(200_000)}"`));
  });
});

it.each([
  ['receipt', 'receipt', { ranges: [{ from: 5, to: 4 }] }, 'ranges: a range ends before it begins'],
  ['receipt', 'receipt', { corrections: [{ rev: 1, from: 5, to: 4 }] }, 'corrections: a range ends before it begins'],
  ['command', 'command-resend', { from: 5, to: 4 }, 'to: the range ends before it begins'],
] as const)('a %s with a range that ends before it begins is refused', (kind, fixture, change, reason) => {
  const path = new URL(`../fixtures/${fixture}.json`, import.meta.url);
  const { wire } = JSON.parse(readFileSync(path, 'utf8'));
  const bytes = encodeJson({ ...JSON.parse(wire), ...change });
  expect(decoders[kind](bytes)).toEqual({ ok: false, reason });
});
