import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { decodeProvisionAnswer, encodeJson, type ProvisionAnswer } from '@siaga/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../log.ts';
import { allow, withdraw } from './allowances.ts';
import { readCrl, refreshCrl } from './crl.ts';
import { readCa, renewServerIn } from './folder.ts';
import { initPki, issueClaimIn, issueDeviceIn, issueServerIn } from './index.ts';
import { openPkiKeeper, type PkiKeeper, type PkiKeeperOptions } from './keeper.ts';
import { appendLedger } from './ledger.ts';
import {
  caPaths,
  claimPaths,
  crlPaths,
  devicePaths,
  issuedFolder,
  ledgerPath,
  revokedFolder,
  serverPaths,
} from './paths.ts';
import { openRegistry, serialOf } from './registry.ts';
import { revokeIn } from './revoke.ts';
import { makeForgedRequest, makeRequest } from './testing.ts';

const dayMs = 86_400_000;
let dir: string;
let keepers: PkiKeeper[];
let nowMs: number;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'siaga-keeper-'));
  keepers = [];
  nowMs = Date.now();
  await initPki(dir);
  await issueServerIn(dir);
  await issueClaimIn(dir, 'depot');
});
afterEach(async () => {
  for (const keeper of keepers) await keeper.close();
  await rm(dir, { recursive: true, force: true });
});

async function keep(options: Partial<PkiKeeperOptions> = {}): Promise<PkiKeeper> {
  const keeper = await openPkiKeeper({
    dir,
    knows: (station) => ['depok', 'katulampa'].includes(station),
    log: silentLog(),
    onRevoked: () => {},
    onServerChanged: () => {},
    nowMs: () => nowMs,
    everyMs: 60_000,
    ...options,
  });
  keepers.push(keeper);
  return keeper;
}

async function certificate(path: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(path));
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

type Asked = { station?: string; csr: string; hardware?: string | null; under?: string; id?: string };

/** Asks as the broker does for a connection under a claim, or under the certificate in the file `under`. */
async function ask(keeper: PkiKeeper, { station = 'depok', csr, hardware = null, under, id }: Asked) {
  const own = await certificate(under ?? claimPaths(dir, 'depot').cert);
  const request = { v: 1, id: id ?? 'request-0001', csr, hardware };
  const bytes = await keeper.desk({
    commonName: own.subject.replace('CN=', ''),
    certificate: own.raw,
    station,
    payload: encodeJson(request),
  });
  const answer = decodeProvisionAnswer(bytes);
  if (!answer.ok) throw new Error(answer.reason);
  return answer.value;
}

function refusalOf(answer: ProvisionAnswer): string {
  return answer.ok ? 'issued' : answer.refusal;
}

async function written(answer: ProvisionAnswer, name: string): Promise<string> {
  if (!answer.ok) throw new Error(`${answer.refusal}: ${answer.detail}`);
  const path = join(dir, `${name}.crt`);
  await writeFile(path, answer.certificate);
  return path;
}

const allowed = (station = 'depok', hardware: string | null = null, days?: number) =>
  allow(dir, station, { hardware, by: 'operator', ...(days === undefined ? {} : { days }) }, nowMs);

/** What OpenSSL, given our list, says of a station's certificate in a handshake. */
async function byOpenSsl(station: string): Promise<string> {
  const read = (path: string) => readFileSync(path);
  const [ca, own] = [read(caPaths(dir).cert), devicePaths(dir, station)];
  const server = createServer({
    ca,
    cert: read(serverPaths(dir).cert),
    key: read(serverPaths(dir).key),
    crl: read(crlPaths(dir).pem),
    requestCert: true,
    rejectUnauthorized: false,
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, ca, cert: read(own.cert), key: read(own.key) });
  const [socket] = (await once(server, 'secureConnection')) as [TLSSocket];
  const verdict = socket.authorized ? 'let in' : String(socket.authorizationError);
  client.destroy();
  socket.destroy();
  server.close();
  return verdict;
}

describe('the revocation list', () => {
  test('is what OpenSSL takes, names what is revoked and no other, and is renewed before it lapses', async () => {
    await issueDeviceIn(dir, 'depok');
    await issueDeviceIn(dir, 'katulampa');
    const ca = await readCa(dir);
    expect(await refreshCrl(dir, ca, nowMs)).toBe(true);
    expect(await refreshCrl(dir, ca, nowMs)).toBe(false);
    await revokeIn(dir, 'depok', { reason: 'stolen', by: 'operator' });
    expect(await refreshCrl(dir, ca, nowMs)).toBe(true);
    expect(await byOpenSsl('katulampa')).toBe('let in');
    expect(await byOpenSsl('depok')).toBe('CERT_REVOKED');
    expect(await refreshCrl(dir, ca, nowMs + 6 * dayMs)).toBe(false);
    expect(await refreshCrl(dir, ca, nowMs + 8 * dayMs)).toBe(true);
    const crl = await readCrl(await readFile(crlPaths(dir).der), ca.certPem);
    expect(crl?.nextUpdateMs).toBeGreaterThan(nowMs + 20 * dayMs);
  });

  test('made by several programs at once lacks none of their revocations', async () => {
    const ca = await readCa(dir);
    const stations = ['s1', 's2', 's3', 's4', 's5', 's6'];
    for (const station of stations) await issueDeviceIn(dir, station);
    await Promise.all(
      stations.map(async (station) => {
        await revokeIn(dir, station, { reason: 'retired', by: 'operator' });
        await refreshCrl(dir, ca, nowMs);
      }),
    );
    expect((await readCrl(await readFile(crlPaths(dir).der), ca.certPem))?.serials.size).toBe(stations.length);
  });

  test('of another authority, torn or gone changes nothing, and is said', async () => {
    await issueDeviceIn(dir, 'depok');
    const serial = (await certificate(devicePaths(dir, 'depok').cert)).serialNumber;
    await revokeIn(dir, 'depok', { reason: 'stolen', by: 'operator' });
    await refreshCrl(dir, await readCa(dir), nowMs);
    // With the authority's key here, the list would be made anew at once.
    await rm(caPaths(dir).key);
    const keeper = await keep();
    expect(keeper.revoked(serial)).toBe(true);
    const good = await readFile(crlPaths(dir).der);
    for (const bytes of [good.subarray(0, 80), Buffer.from('nonsense')]) {
      await writeFile(crlPaths(dir).der, bytes);
      await keeper.look();
      expect(keeper.troubles().join()).toContain('no list of this authority');
      expect(keeper.revoked(serial)).toBe(true);
    }
    await rm(crlPaths(dir).der);
    await keeper.look();
    expect(keeper.revoked(serial)).toBe(true);
    expect(keeper.revoked('00AB')).toBe(false);
  });

  test('alone is enough where the authority is on another machine, also when it has lapsed', async () => {
    await issueDeviceIn(dir, 'depok');
    const serial = (await certificate(devicePaths(dir, 'depok').cert)).serialNumber;
    await revokeIn(dir, 'depok', { reason: 'stolen', by: 'operator' });
    await refreshCrl(dir, await readCa(dir), nowMs);
    const server = join(dir, 'other-machine');
    for (const path of [caPaths, crlPaths].flatMap((paths) => Object.values(paths(dir)))) {
      if (path.endsWith('ca.key')) continue;
      const copy = path.replace(dir, server);
      await mkdir(dirname(copy), { recursive: true });
      await copyFile(path, copy);
    }
    nowMs += 30 * dayMs;
    let told = 0;
    const keeper = await keep({ dir: server, onRevoked: () => told++ });
    expect(keeper.revoked(serial)).toBe(true);
    expect(keeper.revoked(serial.toLowerCase())).toBe(true);
    expect(keeper.troubles().join()).toContain('has lapsed');
    expect(told).toBe(1);
    // Once it was seen there, its station is told of by the list too.
    const der = (await certificate(devicePaths(dir, 'depok').cert)).raw;
    keeper.seen('depok', der);
    await expect.poll(async () => (await keeper.states(['depok']))[0]?.state).toBe('revoked');
  });
});

describe('the keeper', () => {
  test('hears of a revocation by another program within seconds', async () => {
    await issueDeviceIn(dir, 'depok');
    const serial = (await certificate(devicePaths(dir, 'depok').cert)).serialNumber;
    let told = 0;
    const keeper = await keep({ onRevoked: () => told++, everyMs: 100 });
    expect(keeper.revoked(serial)).toBe(false);
    await revokeIn(dir, 'depok', { reason: 'stolen', by: 'operator' });
    await until(() => told === 1, 'told');
    expect(keeper.revoked(serial)).toBe(true);
  });

  test('tells of a revocation that somebody else saw first: who stands connected is cut all the same', async () => {
    await issueDeviceIn(dir, 'depok');
    await rm(caPaths(dir).key);
    let told = 0;
    const keeper = await keep({ onRevoked: () => told++ });
    // Nothing else makes it look: no list to tend, and the file system tells it of the folder of before.
    await rm(revokedFolder(dir), { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await keeper.look();
    await revokeIn(dir, 'depok', { reason: 'stolen', by: 'operator' });
    // As the fleet page does, and any device that asks.
    await keeper.states(['depok']);
    await keeper.look();
    expect(told).toBe(1);
  });

  test('issues later what is issued later, also when the clock was put back in between', async () => {
    const keeper = await keep();
    await issueDeviceIn(dir, 'depok', nowMs + 3 * dayMs);
    const before = await certificate(devicePaths(dir, 'depok').cert);
    await allowed();
    const fresh = await certificate(
      await written(await ask(keeper, { csr: (await makeRequest('depok')).csr }), 'fresh'),
    );
    keeper.seen('depok', fresh.raw);
    await until(() => keeper.revoked(before.serialNumber), 'the old one revoked');
    await issueDeviceIn(dir, 'depok', nowMs, { always: true });
    const newest = await certificate(devicePaths(dir, 'depok').cert);
    keeper.seen('depok', fresh.raw);
    keeper.seen('depok', newest.raw);
    await until(() => keeper.revoked(fresh.serialNumber), 'the one between revoked');
    expect(keeper.revoked(newest.serialNumber)).toBe(false);
  });

  test('makes anew what a clock that was ahead has made for the future', async () => {
    const ahead = nowMs + 20 * dayMs;
    await issueServerIn(dir, [], ahead - 400 * dayMs);
    await refreshCrl(dir, await readCa(dir), ahead);
    await renewServerIn(dir, ahead);
    expect((await certificate(serverPaths(dir).cert)).validFromDate.getTime()).toBeGreaterThan(nowMs);
    const keeper = await keep();
    await until(
      async () => (await certificate(serverPaths(dir).cert)).validFromDate.getTime() < nowMs,
      'server renewed',
    );
    await until(async () => {
      const crl = await readCrl(await readFile(crlPaths(dir).der), (await readCa(dir)).certPem);
      return (crl?.nextUpdateMs ?? 0) < nowMs + 15 * dayMs;
    }, 'list made anew');
    expect(keeper.troubles()).toEqual([]);
  });

  test('renews list and server certificate while it runs, for the same names', async () => {
    await issueServerIn(dir, ['siaga.example', '10.0.0.7']);
    const before = await certificate(serverPaths(dir).cert);
    let changed = 0;
    nowMs += 380 * dayMs;
    const keeper = await keep({ onServerChanged: () => changed++ });
    await until(async () => changed > 0, 'server changed');
    const after = await certificate(serverPaths(dir).cert);
    expect(after.serialNumber).not.toBe(before.serialNumber);
    expect(after.subjectAltName).toBe(before.subjectAltName);
    expect(after.validToDate.getTime()).toBeGreaterThan(nowMs + 300 * dayMs);
    expect(keeper.troubles()).toEqual([]);
  });

  test('leaves alone a server certificate of another authority', async () => {
    const other = await mkdtemp(join(tmpdir(), 'siaga-keeper-'));
    await initPki(other);
    await issueServerIn(other);
    await copyFile(serverPaths(other).cert, serverPaths(dir).cert);
    expect(await renewServerIn(dir, nowMs + 380 * dayMs)).toBeNull();
    await rm(other, { recursive: true });
  });

  test('lets the first use of a newer certificate revoke the older ones of that station, and nothing else', async () => {
    await issueDeviceIn(dir, 'depok', nowMs - 5000);
    await issueDeviceIn(dir, 'katulampa', nowMs - 5000);
    const old = await certificate(devicePaths(dir, 'depok').cert);
    await issueDeviceIn(dir, 'depok', nowMs, { always: true });
    const fresh = await certificate(devicePaths(dir, 'depok').cert);
    const other = await certificate(devicePaths(dir, 'katulampa').cert);
    const keeper = await keep();
    keeper.seen('depok', old.raw);
    keeper.seen('katulampa', other.raw);
    await keeper.look();
    expect([old, fresh, other].map(({ serialNumber }) => keeper.revoked(serialNumber))).toEqual([false, false, false]);
    keeper.seen('depok', fresh.raw);
    await until(() => keeper.revoked(old.serialNumber), 'old one revoked');
    expect([fresh, other].map(({ serialNumber }) => keeper.revoked(serialNumber))).toEqual([false, false]);
  });

  test('takes up a certificate from before there was a list, so that it can be revoked by its station', async () => {
    await issueDeviceIn(dir, 'depok');
    const old = await certificate(devicePaths(dir, 'depok').cert);
    await rm(issuedFolder(dir), { recursive: true });
    const keeper = await keep();
    keeper.seen('depok', old.raw);
    await until(async () => (await openRegistry(dir)).of('depok').length === 1, 'adopted');
    const { revoked } = await revokeIn(dir, 'depok', { reason: 'stolen', by: 'operator' });
    expect(revoked.map(({ serial }) => serial)).toEqual([serialOf(old.serialNumber)]);
  });

  test('says of every station how its certificate stands', async () => {
    await issueDeviceIn(dir, 'depok');
    await allowed('katulampa');
    const keeper = await keep();
    const [depok, katulampa] = await keeper.states(['depok', 'katulampa']);
    expect(depok).toMatchObject({ state: 'valid', by: 'operator', allowedUntilMs: null });
    expect(katulampa).toMatchObject({ state: 'none', serial: null, allowedUntilMs: nowMs + 7 * dayMs });
    nowMs += 720 * dayMs;
    expect((await keeper.states(['depok']))[0]).toMatchObject({ state: 'renew' });
    nowMs += 20 * dayMs;
    expect((await keeper.states(['depok']))[0]).toMatchObject({ state: 'expired' });
    await revokeIn(dir, 'depok', { reason: 'retired', by: 'operator' });
    expect((await keeper.states(['depok']))[0]).toMatchObject({ state: 'revoked' });
  });
});

describe('a request under a claim', () => {
  test('is answered with a certificate for the key that was sent and the station that was allowed', async () => {
    const keeper = await keep();
    await allowed();
    const { csr } = await makeRequest('depok');
    const answer = await ask(keeper, { csr, id: 'abcdefgh' });
    expect(answer).toMatchObject({ ok: true, id: 'abcdefgh', ca: (await readCa(dir)).certPem });
    const issued = await certificate(await written(answer, 'issued'));
    const ca = await certificate(caPaths(dir).cert);
    expect(issued.subject).toBe('CN=depok');
    expect(issued.verify(ca.publicKey)).toBe(true);
    // What the request wished for beyond a key is not taken over: it asked to be an authority and a server.
    expect(issued.ca).toBe(false);
    expect(issued.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  test('is good once; the same key gets the same answer again, for it may have been lost', async () => {
    const keeper = await keep();
    await allowed();
    const first = await makeRequest('depok');
    const answer = await ask(keeper, { csr: first.csr });
    expect(await ask(keeper, { csr: first.csr })).toEqual(answer);
    expect(refusalOf(await ask(keeper, { csr: (await makeRequest('depok')).csr }))).toBe('allowance-used');
    await allowed();
    expect(refusalOf(await ask(keeper, { csr: (await makeRequest('depok')).csr }))).toBe('issued');
  });

  test('asked twice at once is granted once', async () => {
    const keeper = await keep();
    await allowed();
    const requests = await Promise.all([makeRequest('depok'), makeRequest('depok'), makeRequest('depok')]);
    const answers = await Promise.all(requests.map(({ csr }) => ask(keeper, { csr })));
    expect(answers.map(refusalOf).sort()).toEqual(['allowance-used', 'allowance-used', 'issued']);
  });

  test('is not granted again to the key of a certificate that was revoked', async () => {
    const keeper = await keep();
    await allowed();
    const { csr } = await makeRequest('depok');
    await ask(keeper, { csr });
    await revokeIn(dir, 'depok', { reason: 'stolen', by: 'operator' });
    expect(refusalOf(await ask(keeper, { csr }))).toBe('allowance-used');
    await allowed();
    expect(refusalOf(await ask(keeper, { csr }))).toBe('csr-invalid');
  });

  test.each([
    ['not allowed', async () => {}, 'not-allowed'],
    ['allowed, but for another station', () => allowed('katulampa'), 'not-allowed'],
    ['allowed too long ago', () => allowed('depok', null, -1), 'allowance-expired'],
    ['allowed for another machine', () => allowed('depok', 'pi-2'), 'other-hardware'],
    ['allowed for this machine', () => allowed('depok', 'pi-1'), 'issued'],
    [
      'allowed, then withdrawn',
      () => allowed().then(() => withdraw(dir, 'depok', 'operator', nowMs)),
      'allowance-used',
    ],
  ])('of a station %s', async (_what, prepare, outcome) => {
    const keeper = await keep();
    await prepare();
    expect(refusalOf(await ask(keeper, { csr: (await makeRequest('depok')).csr, hardware: 'pi-1' }))).toBe(outcome);
  });

  test('of a station that is allowed, but not in the catalogue', async () => {
    const keeper = await keep();
    await allowed('bendung');
    const { csr } = await makeRequest('bendung');
    const answer = await ask(keeper, { station: 'bendung', csr });
    expect(answer).toMatchObject({ refusal: 'not-allowed', detail: 'bendung is no station of the catalogue' });
  });

  test.each([
    ['for another station', () => makeRequest('katulampa')],
    ['for two names', () => makeRequest([{ CN: ['depok'] }, { CN: ['katulampa'] }])],
    ['for more than a name', () => makeRequest([{ CN: ['depok'] }, { O: ['Elsewhere'] }])],
    ['for a claim', () => makeRequest('claim:depot')],
    ['signed by another key', () => makeForgedRequest('depok')],
    ['of another curve', () => makeRequest('depok', { name: 'ECDSA', namedCurve: 'P-384' })],
    [
      'of a short RSA key',
      () =>
        makeRequest('depok', {
          name: 'RSASSA-PKCS1-v1_5',
          modulusLength: 1024,
          publicExponent: new Uint8Array([1, 0, 1]),
          hash: 'SHA-256',
        }),
    ],
    ['that is none', async () => ({ csr: 'nonsense' })],
    ['that is a certificate', async () => ({ csr: (await readCa(dir)).certPem })],
  ])('with a signing request %s uses nothing up', async (_what, make) => {
    const keeper = await keep();
    await allowed();
    const { csr } = await make();
    expect(refusalOf(await ask(keeper, { csr }))).toBe('csr-invalid');
    expect(refusalOf(await ask(keeper, { csr: (await makeRequest('depok')).csr }))).toBe('issued');
  });

  test('that is malformed is answered by its id where it has one', async () => {
    const keeper = await keep();
    const { raw } = await certificate(claimPaths(dir, 'depot').cert);
    const answerTo = async (text: string) =>
      JSON.parse(
        Buffer.from(
          await keeper.desk({
            commonName: 'claim:depot',
            certificate: raw,
            station: 'depok',
            payload: Buffer.from(text),
          }),
        ).toString(),
      );
    expect(await answerTo('{"id":"mine-0001"')).toMatchObject({ id: 'mine-0001', refusal: 'malformed' });
    expect(await answerTo('\0')).toMatchObject({ id: 'malformed-request', refusal: 'malformed' });
  });

  test('is refused at once under a claim that was revoked a moment ago', async () => {
    const keeper = await keep();
    await allowed();
    await revokeIn(dir, 'claim:depot', { reason: 'stolen', by: 'operator' });
    const answer = await ask(keeper, { csr: (await makeRequest('depok')).csr });
    expect(answer).toMatchObject({ refusal: 'not-allowed', detail: 'the certificate of claim:depot is revoked' });
  });

  test('comes too often', async () => {
    const keeper = await keep();
    for (let i = 0; i < 10; i++) expect(refusalOf(await ask(keeper, { csr: 'x' }))).toBe('csr-invalid');
    await allowed();
    const { csr } = await makeRequest('depok');
    expect(refusalOf(await ask(keeper, { csr }))).toBe('too-often');
    nowMs += 10 * 60_000;
    expect(refusalOf(await ask(keeper, { csr }))).toBe('issued');
  });

  test('comes so often that it leaves no room, but neither for the station itself nor in the ledger', async () => {
    const keeper = await keep();
    await issueDeviceIn(dir, 'depok', nowMs);
    for (let i = 0; i < 11; i++) await ask(keeper, { csr: 'x' });
    const { csr } = await makeRequest('depok');
    expect(refusalOf(await ask(keeper, { under: devicePaths(dir, 'depok').cert, csr }))).toBe('issued');
    for (let i = 0; i < 300; i++) {
      nowMs += 60_000;
      await ask(keeper, { csr: 'x' });
    }
    const refused = (await readFile(ledgerPath(dir), 'utf8')).split('\n').filter((line) => line.includes('"refuse"'));
    expect(refused.length).toBeLessThanOrEqual(100);
  });

  test('of a station without any certificate yet is revoked with its leave', async () => {
    const keeper = await keep();
    await allowed();
    expect(await revokeIn(dir, 'depok', { reason: 'stolen', by: 'operator' })).toEqual({ revoked: [], withdrawn: 1 });
    expect(refusalOf(await ask(keeper, { csr: (await makeRequest('depok')).csr }))).toBe('allowance-used');
    await expect(revokeIn(dir, 'katulampa', { reason: 'stolen', by: 'operator' })).rejects.toMatchObject({
      code: 'pki-unknown',
    });
  });

  test('that is granted while the station is revoked gives nothing', async () => {
    const keeper = await keep();
    await issueDeviceIn(dir, 'depok', nowMs - 1000);
    const under = devicePaths(dir, 'depok').cert;
    await allowed();
    const asked = await Promise.all([makeRequest('depok'), makeRequest('depok')]);
    const [, ...answers] = await Promise.all([
      revokeIn(dir, 'depok', { reason: 'stolen', by: 'operator' }),
      ask(keeper, { csr: asked[0]?.csr ?? '' }),
      ask(keeper, { csr: asked[1]?.csr ?? '', under }),
    ]);
    expect(answers).toHaveLength(2);
    const { of, revoked } = await openRegistry(dir);
    expect(of('depok').filter(({ serial }) => !revoked().has(serial))).toEqual([]);
  });

  test('cannot be granted without the authority’s key', async () => {
    const keeper = await keep();
    await allowed();
    await rm(caPaths(dir).key);
    expect(refusalOf(await ask(keeper, { csr: (await makeRequest('depok')).csr }))).toBe('unavailable');
  });

  test('is in the ledger with what came of it, beside torn lines, and without keys', async () => {
    const keeper = await keep();
    await allowed();
    const { csr } = await makeRequest('depok');
    await ask(keeper, { csr });
    await writeFile(ledgerPath(dir), '{"torn', { flag: 'a' });
    await ask(keeper, { csr: 'nonsense' });
    await appendLedger(dir, { act: 'allow', by: 'operator', name: 'depok' }, nowMs);
    const text = await readFile(ledgerPath(dir), 'utf8');
    const acts = text
      .split('\n')
      .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line)] : []))
      .filter(({ name }) => name === 'depok')
      .map(({ act, by }) => `${act} ${by}`);
    expect(acts).toEqual(['allow operator', 'issue claim:depot', 'refuse claim:depot', 'allow operator']);
    expect(text).not.toContain('KEY');
  });
});

describe('a renewal', () => {
  async function device(): Promise<string> {
    await issueDeviceIn(dir, 'depok', nowMs);
    return devicePaths(dir, 'depok').cert;
  }

  test('is for the name of the certificate that asks, and needs no leave', async () => {
    const keeper = await keep();
    const under = await device();
    expect(refusalOf(await ask(keeper, { under, csr: (await makeRequest('katulampa')).csr }))).toBe('csr-invalid');
    const { csr } = await makeRequest('depok');
    const answer = await ask(keeper, { under, csr });
    expect(refusalOf(answer)).toBe('issued');
    expect(await ask(keeper, { under, csr })).toEqual(answer);
  });

  test('wants a new key', async () => {
    const keeper = await keep();
    const under = await device();
    const { csr } = await makeRequest('depok');
    const renewed = await written(await ask(keeper, { under, csr }), 'renewed');
    expect(refusalOf(await ask(keeper, { under: renewed, csr }))).toBe('csr-invalid');
  });

  test('is refused to a stolen card once its station was given a new certificate, even before that is used', async () => {
    const keeper = await keep();
    const stolen = await device();
    nowMs += 1000;
    await allowed();
    const fresh = await makeRequest('depok');
    const swapped = await written(await ask(keeper, { csr: fresh.csr }), 'swapped');
    expect(refusalOf(await ask(keeper, { under: stolen, csr: (await makeRequest('depok')).csr }))).toBe('not-allowed');
    nowMs += 1000;
    expect(refusalOf(await ask(keeper, { under: swapped, csr: (await makeRequest('depok')).csr }))).toBe('issued');
  });

  test('that a stolen card got before the swap dies with it', async () => {
    const keeper = await keep();
    const stolen = await device();
    nowMs += 1000;
    const hoarded = await written(
      await ask(keeper, { under: stolen, csr: (await makeRequest('depok')).csr }),
      'hoarded',
    );
    nowMs += 1000;
    await allowed();
    const swapped = await written(await ask(keeper, { csr: (await makeRequest('depok')).csr }), 'swapped');
    expect(refusalOf(await ask(keeper, { under: hoarded, csr: (await makeRequest('depok')).csr }))).toBe('not-allowed');
    keeper.seen('depok', (await certificate(swapped)).raw);
    const [a, b] = [await certificate(stolen), await certificate(hoarded)];
    await until(() => keeper.revoked(a.serialNumber) && keeper.revoked(b.serialNumber), 'both revoked');
  });

  test('is given a few times a day: more would only fill the folder', async () => {
    const keeper = await keep();
    let under = await device();
    for (let i = 0; i < 5; i++) {
      nowMs += 60_000;
      const renewed = await ask(keeper, { under, csr: (await makeRequest('depok')).csr });
      under = await written(renewed, `renewed-${i}`);
    }
    nowMs += 3_600_000;
    expect(refusalOf(await ask(keeper, { under, csr: (await makeRequest('depok')).csr }))).toBe('too-often');
    nowMs += dayMs;
    expect(refusalOf(await ask(keeper, { under, csr: (await makeRequest('depok')).csr }))).toBe('issued');
  });

  test('is refused under a revoked certificate', async () => {
    const keeper = await keep();
    const under = await device();
    await revokeIn(dir, 'depok', { reason: 'stolen', by: 'operator' });
    expect(refusalOf(await ask(keeper, { under, csr: (await makeRequest('depok')).csr }))).toBe('not-allowed');
  });
});
