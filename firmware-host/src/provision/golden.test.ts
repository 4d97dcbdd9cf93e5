import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPki, type Pki, startBroker, type TestBroker } from '../testing/broker.ts';
import { answerRequests } from '../testing/provisioner.ts';
import { trustedClock } from '../uplink/device-time.ts';
import { askPlatform } from './claim.ts';

// The device's side of the golden messages: how it asks for its certificate, and what it takes for the answer.
const station = 'katulampa';
let pki: Pki;
let broker: TestBroker;
let stop: () => void;

beforeEach(async () => {
  pki = await createPki();
  broker = await startBroker(pki);
  stop = () => undefined;
});
afterEach(async () => {
  stop();
  await broker.close();
});

function fixture(name: string): { topic: string; wire: string } {
  return JSON.parse(readFileSync(new URL(`../../../protocol/fixtures/${name}.json`, import.meta.url), 'utf8'));
}

async function asked(answer: string) {
  const { v: _v, id: _id, ...words } = JSON.parse(fixture(answer).wire);
  ({ stop } = answerRequests(broker, station, () => words));
  const { cert, key } = await pki.issue('claim:depot');
  const { csr, hardware } = JSON.parse(fixture('provision-request').wire);
  return askPlatform(
    {
      target: { host: '127.0.0.1', port: broker.port, alpn: null },
      pems: { ca: Buffer.from(pki.ca), cert: Buffer.from(cert), key: Buffer.from(key) },
      station,
      time: trustedClock,
      signal: AbortSignal.timeout(10_000),
    },
    { csr, hardware },
  );
}

it('a request is what we send, but for its id; a golden answer is taken', async () => {
  const { v: _v, id, ok: _ok, ...certificates } = JSON.parse(fixture('provision-answer').wire);
  expect(await asked('provision-answer')).toMatchObject(certificates);
  const { topic, wire } = fixture('provision-request');
  const sent = broker.published.filter((each) => each.topic === topic);
  const { id: own } = JSON.parse(Buffer.from(sent[0]?.payload ?? []).toString());
  expect(sent.map(({ payload }) => Buffer.from(payload).toString())).toEqual([wire.replace(id, own)]);
});

it('a golden refusal is told with its mend', async () => {
  await expect(asked('provision-refused')).rejects.toMatchObject({
    code: 'provision-refused',
    message: expect.stringContaining(JSON.parse(fixture('provision-refused').wire).detail),
  });
});
