import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPki, type Pki, startBroker, type TestBroker } from '../testing/broker.ts';
import { answerRequests, createSigner, type Verdict } from '../testing/provisioner.ts';
import type { ProvisionConfig } from './config.ts';
import { credentialSets } from './credential-sets.ts';
import { obtain, type ProvisionSettings } from './obtain.ts';
import { createRenewal, lifeOf } from './renewal.ts';
import { makeKey, signingRequest } from './signing-request.ts';

const station = 'katulampa';
const log = pino({ level: 'silent' });
const dayMs = 86_400_000;

let folder: string;
let pki: Pki;
let signer: Awaited<ReturnType<typeof createSigner>>;
let broker: TestBroker;
let ends: (() => unknown)[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-provision-'));
  [pki, signer] = await Promise.all([createPki(), createSigner()]);
  // Who signs devices and who signs the broker may be two.
  broker = await startBroker({ ...pki, ca: `${pki.ca}\n${signer.ca}` });
  ends = [];
  await claimFiles();
});
afterEach(async () => {
  for (const end of ends) end();
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

const paths = () => {
  const current = join(folder, 'credentials', 'current');
  return { ca: join(current, 'ca.crt'), cert: join(current, 'device.crt'), key: join(current, 'device.key') };
};

async function claimFiles(): Promise<void> {
  const { cert, key } = await pki.issue('claim:depot');
  for (const [name, text] of Object.entries({ 'ca.crt': pki.ca, 'claim.crt': cert, 'claim.key': key }))
    writeFileSync(join(folder, name), text);
}

function settings(more: Partial<ProvisionConfig> = {}): ProvisionSettings {
  const claim = { ca: join(folder, 'ca.crt'), cert: join(folder, 'claim.crt'), key: join(folder, 'claim.key') };
  return {
    station,
    uplink: { url: `mqtts://127.0.0.1:${broker.port}`, ...paths() },
    provision: { by: 'siaga', claim, hardware: 'pi-1', renewAt: 0.67, ...more },
    log,
    withinMs: 5_000,
  };
}

function answered(verdict: Verdict): string[] {
  const { requests, stop } = answerRequests(broker, station, verdict);
  ends.push(stop);
  return requests;
}

const granted: Verdict = async (csr) => ({ ok: true, certificate: await signer.sign(csr), ca: pki.ca });
const livingFor =
  (fromMs: number, untilMs: number): Verdict =>
  async (csr) => ({
    ok: true,
    certificate: await signer.sign(csr, { notBefore: new Date(fromMs), notAfter: new Date(untilMs) }),
    ca: pki.ca,
  });
const serialNow = () => new X509Certificate(readFileSync(paths().cert)).serialNumber;
const pair = () => new X509Certificate(readFileSync(paths().cert)).checkPrivateKey(keyOf(readFileSync(paths().key)));
const root = () => join(folder, 'credentials');
const setsThere = () => readdirSync(root()).filter((name) => name.startsWith('set-'));

describe('a device without a certificate', () => {
  it('gets one for a key that it made itself, and that only it can read', async () => {
    const hardware: (string | null)[] = [];
    const requests = answered(async (csr, machine) => {
      hardware.push(machine);
      return granted(csr, machine);
    });
    const { serial } = await obtain(settings(), 'claim');
    expect(serialNow()).toBe(serial);
    expect(pair()).toBe(true);
    expect(statSync(paths().key).mode & 0o777).toBe(0o600);
    expect(hardware).toEqual(['pi-1']);
    expect(requests.join()).not.toContain('PRIVATE');
    expect(broker.published.map(({ payload }) => Buffer.from(payload).toString()).join()).not.toContain('PRIVATE');
    expect(existsSync(join(root(), 'pending'))).toBe(false);
  });

  it('is told what an operator must do when it is refused, and keeps its key for the next try', async () => {
    const words = { ok: false, refusal: 'not-allowed', detail: 'an operator must run `siaga pki allow katulampa`' };
    const requests = answered(() => words);
    await expect(obtain(settings(), 'claim')).rejects.toMatchObject({
      code: 'provision-refused',
      retry: false,
      message: expect.stringContaining('siaga pki allow katulampa'),
    });
    expect(existsSync(paths().cert)).toBe(false);
    await expect(obtain(settings(), 'claim')).rejects.toMatchObject({ code: 'provision-refused' });
    expect(new Set(await keysIn(requests)).size).toBe(1);
  });

  it('makes another key when the platform knows this one', async () => {
    const requests = answered(() => ({ ok: false, refusal: 'csr-invalid', detail: 'this key has a certificate' }));
    for (let i = 0; i < 2; i++) await expect(obtain(settings(), 'claim')).rejects.toThrow('csr-invalid');
    expect(new Set(await keysIn(requests)).size).toBe(2);
  });

  it('waits for no answer for ever', async () => {
    answered(() => new Promise(() => undefined));
    await expect(obtain({ ...settings(), withinMs: 300 }, 'claim')).rejects.toMatchObject({
      code: 'provision-failed',
      retry: true,
    });
  });

  it.each<[string, () => Promise<object>, string]>([
    [
      'for another station',
      async () => ({ certificate: await signer.sign(await signingRequest(makeKey(), 'depok')) }),
      'CN=depok',
    ],
    [
      'for another key',
      async () => ({ certificate: await signer.sign(await signingRequest(makeKey(), station)) }),
      'another key',
    ],
    ['that is none', async () => ({ certificate: 'nonsense' }), 'cannot be read'],
  ])('refuses a certificate %s', async (_what, verdict, words) => {
    answered(async () => ({ ok: true, ca: pki.ca, ...(await verdict()) }));
    await expect(obtain(settings(), 'claim')).rejects.toThrow(words);
    expect(existsSync(paths().cert)).toBe(false);
  });

  it('does not switch to a certificate with which the broker lets it not in', async () => {
    const stranger = await createSigner();
    answered(async (csr) => ({ ok: true, certificate: await stranger.sign(csr), ca: pki.ca }));
    await expect(obtain(settings(), 'claim')).rejects.toThrow('does not connect');
    expect(existsSync(paths().cert)).toBe(false);
    expect(setsThere()).toEqual([]);
  });

  it('names the setting when the claim cannot be read, or there is none', async () => {
    writeFileSync(join(folder, 'claim.key'), 'nonsense');
    await expect(obtain(settings(), 'claim')).rejects.toThrow('provision.claim.key');
    const { claim: _none, ...without } = settings().provision;
    await expect(obtain({ ...settings(), provision: without }, 'claim')).rejects.toThrow('provision.claim: is missing');
  });
});

describe('a renewal', () => {
  async function begun(verdict: Verdict = granted): Promise<string> {
    const { stop } = answerRequests(broker, station, verdict);
    const { serial } = await obtain(settings(), 'claim');
    stop();
    return serial;
  }

  it('comes when its share of the certificate’s life has passed, and not before', async () => {
    const serial = await begun(livingFor(Date.now() - 10 * dayMs, Date.now() + 90 * dayMs));
    const requests = answered(granted);
    const { dueAtMs } = lifeOf({ cert: readFileSync(paths().cert) }, 0.67);
    let nowMs = dueAtMs - 1;
    const renewed: string[] = [];
    const renewal = createRenewal({ ...settings(), nowMs: () => nowMs, onRenewed: () => renewed.push(serialNow()) });
    expect(await renewal.check()).toMatchObject({ done: 'not-due', dueAtMs });
    expect(requests).toEqual([]);
    nowMs = dueAtMs;
    expect(await renewal.check()).toMatchObject({ done: 'renewed' });
    expect(serialNow()).not.toBe(serial);
    expect(renewed).toEqual([serialNow()]);
    expect(pair()).toBe(true);
  });

  it('is spread: certificates of one hour do not all renew in one', async () => {
    const csr = await signingRequest(makeKey(), station);
    const [from, until] = [Date.now() - 3_600_000, Date.now() + 730 * dayMs];
    const due = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const cert = await signer.sign(csr, { notBefore: new Date(from), notAfter: new Date(until) });
        return (lifeOf({ cert: Buffer.from(cert) }, 0.67).dueAtMs - from) / (until - from);
      }),
    );
    expect(Math.min(...due)).toBeGreaterThan(0.64);
    expect(Math.max(...due)).toBeLessThan(0.7);
    expect(Math.max(...due) - Math.min(...due)).toBeGreaterThan(0.02);
  });

  it('keeps the old one until the new one has connected', async () => {
    await begun();
    answered(granted);
    const renewal = createRenewal({ ...settings(), nowMs: () => Date.now() + 0.9 * dayMs });
    expect(await renewal.check()).toMatchObject({ done: 'renewed' });
    expect(setsThere()).toHaveLength(2);
    await renewal.connected();
    expect(setsThere()).toEqual([readlinkSync(join(root(), 'current'))]);
    expect(pair()).toBe(true);
  });

  it('goes back to the old one when the new one does not connect', async () => {
    const serial = await begun();
    const sets = credentialSets(paths());
    const key = makeKey();
    const certificate = await (await createSigner()).sign(await signingRequest(key, station));
    await sets.use(await sets.stage({ ca: pki.ca, cert: certificate, key }));
    expect(serialNow()).not.toBe(serial);
    expect(await createRenewal(settings()).check()).toMatchObject({ done: 'put-back' });
    expect(serialNow()).toBe(serial);
    expect(setsThere()).toHaveLength(1);
  });

  it('takes the claim when the certificate has ended, and says what is wrong without one', async () => {
    await begun(livingFor(Date.now() - 10 * dayMs, Date.now() + 3_000));
    answered(granted);
    const late = { nowMs: () => Date.now() + dayMs };
    expect(await createRenewal({ ...settings(), ...late }).check()).toMatchObject({ done: 'renewed' });
    rmSync(root(), { recursive: true });
    const { claim: _none, ...without } = settings().provision;
    const bare = { ...settings(), provision: without };
    expect(await createRenewal(bare).check()).toMatchObject({
      done: 'failed',
      reason: expect.stringContaining('claim'),
    });
  });

  it('is not hurried by a clock that is not to be trusted', async () => {
    await begun();
    const time = { clockTrusted: () => false, earliestMs: () => Date.now() };
    const renewal = createRenewal({ ...settings(), time, nowMs: () => Date.now() + 9_000 * dayMs });
    expect(await renewal.check()).toMatchObject({ done: 'not-due' });
  });

  it('fails plainly, and changes nothing, while the platform cannot be reached', async () => {
    const serial = await begun();
    await broker.close();
    const renewal = createRenewal({ ...settings(), nowMs: () => Date.now() + 0.9 * dayMs });
    expect(await renewal.check()).toMatchObject({
      done: 'failed',
      retry: true,
      reason: expect.stringContaining('nothing listens'),
    });
    expect(serialNow()).toBe(serial);
    broker = await startBroker(pki);
  });
});

describe('credentials', () => {
  it('that a person laid there by hand are taken over', async () => {
    const { cert, key } = await pki.issue(station);
    mkdirSync(join(root(), 'current'), { recursive: true });
    for (const [path, text] of [
      [paths().ca, pki.ca],
      [paths().cert, cert],
      [paths().key, key],
    ] as const)
      writeFileSync(path, text);
    answered(granted);
    await obtain(settings(), 'own');
    expect(lstatSync(join(root(), 'current')).isSymbolicLink()).toBe(true);
    expect(setsThere()).toHaveLength(2);
    expect(pair()).toBe(true);
  });

  it.each([1, 2])('survive a power cut while a hand-made folder becomes a set, at step %i', async (steps) => {
    const { cert, key } = await pki.issue(station);
    const set = join(root(), steps === 1 ? 'current' : 'set-by-hand-x');
    mkdirSync(set, { recursive: true });
    for (const [name, text] of Object.entries({ 'ca.crt': pki.ca, 'device.crt': cert, 'device.key': key }))
      writeFileSync(join(set, name), text);
    symlinkSync('set-by-hand-x', join(root(), 'previous'));
    await credentialSets(paths()).recover();
    expect(pair()).toBe(true);
    expect(new X509Certificate(readFileSync(paths().cert)).subject).toBe(`CN=${station}`);
  });

  it('whose certificate and key are none of one pair are never put into use', async () => {
    const [a, b] = [await pki.issue(station), await pki.issue(station)];
    await expect(credentialSets(paths()).stage({ ca: pki.ca, cert: a.cert, key: b.key })).rejects.toThrow('belong');
  });
});

function keyOf(pem: Buffer): KeyObject {
  return createPrivateKey(pem);
}

async function keysIn(requests: readonly string[]): Promise<string[]> {
  const { Pkcs10CertificateRequest } = await import('@peculiar/x509');
  return requests.map((csr) => Buffer.from(new Pkcs10CertificateRequest(csr).publicKey.rawData).toString('hex'));
}
