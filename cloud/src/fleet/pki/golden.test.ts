import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseProvisionTopic } from '@siaga/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../log.ts';
import { allow } from './allowances.ts';
import { createProvisionDesk, type ProvisionDesk } from './desk.ts';
import { initPki, issueClaimIn } from './index.ts';
import { caPaths, claimPaths } from './paths.ts';
import { openRegistry } from './registry.ts';
import { makeRequest } from './testing.ts';

// The platform's side of the golden messages: it reads what a device asks, and answers what a device reads.
const station = 'katulampa';
let dir: string;
let desk: ProvisionDesk;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'siaga-golden-'));
  await initPki(dir);
  await issueClaimIn(dir, 'depot');
  const registry = await openRegistry(dir);
  desk = createProvisionDesk({ dir, registry, knows: (id) => id === station, log: silentLog() });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function fixture(name: string): { topic: string; wire: string } {
  return JSON.parse(readFileSync(new URL(`../../../../protocol/fixtures/${name}.json`, import.meta.url), 'utf8'));
}

/** The golden request, with another signing request in it where one is given. */
async function answerTo(csr?: string): Promise<string> {
  const { topic, wire } = fixture('provision-request');
  const place = parseProvisionTopic(topic);
  if (!place.ok) throw new Error(place.reason);
  const { raw } = new X509Certificate(await readFile(claimPaths(dir, 'depot').cert));
  const payload = Buffer.from(csr === undefined ? wire : JSON.stringify({ ...JSON.parse(wire), csr }));
  const asked = { commonName: 'claim:depot', certificate: raw, station: place.value.station, payload };
  return Buffer.from(await desk(asked)).toString();
}

test('a golden request is read: only its shortened signing request is wrong', async () => {
  const { id } = JSON.parse(fixture('provision-request').wire);
  expect(JSON.parse(await answerTo())).toMatchObject({ id, ok: false, refusal: 'csr-invalid' });
});

test('a refusal is what we send, byte for byte', async () => {
  const { csr } = await makeRequest(station);
  expect(await answerTo(csr)).toBe(fixture('provision-refused').wire);
});

test('an answer is what we send, but for the certificates; the golden machine’s number is the one allowed', async () => {
  const { hardware } = JSON.parse(fixture('provision-request').wire);
  await allow(dir, station, { hardware, by: 'operator' });
  const { csr } = await makeRequest(station);
  const answer = await answerTo(csr);
  const { certificate } = JSON.parse(answer);
  expect(new X509Certificate(certificate).subject).toBe(`CN=${station}`);
  const ca = await readFile(caPaths(dir).cert, 'utf8');
  const golden = JSON.parse(fixture('provision-answer').wire);
  expect(answer).toBe(JSON.stringify({ ...golden, certificate, ca }));
});
