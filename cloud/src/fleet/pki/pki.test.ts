import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { caPaths, devicePaths, initPki, issueDeviceIn, issueServerIn, serverPaths } from './index.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'siaga-pki-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function certificate(path: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(path));
}

describe('the certificates’ folder', () => {
  test('holds an authority, a server and devices that verify against it', async () => {
    await initPki(dir);
    await issueServerIn(dir, ['siaga.example', '10.0.0.7']);
    await issueDeviceIn(dir, 'katulampa');

    const ca = await certificate(caPaths(dir).cert);
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);

    const server = await certificate(serverPaths(dir).cert);
    expect(server.checkIssued(ca) && server.verify(ca.publicKey)).toBe(true);
    expect(server.subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:siaga.example, IP Address:10.0.0.7',
    );
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);

    const device = await certificate(devicePaths(dir, 'katulampa').cert);
    expect(device.checkIssued(ca) && device.verify(ca.publicKey)).toBe(true);
    expect(device.subject).toBe('CN=katulampa');
    expect(device.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(device.ca).toBe(false);
    expect(await readFile(devicePaths(dir, 'katulampa').ca, 'utf8')).toBe(await readFile(caPaths(dir).cert, 'utf8'));
  });

  test('keeps private keys to their owner', async () => {
    await initPki(dir);
    await issueServerIn(dir);
    await issueDeviceIn(dir, 'depok');
    for (const path of [caPaths(dir).key, serverPaths(dir).key, devicePaths(dir, 'depok').key])
      expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('changes nothing when run again', async () => {
    await initPki(dir);
    await issueServerIn(dir);
    await issueDeviceIn(dir, 'depok');
    const before = await readFile(devicePaths(dir, 'depok').cert, 'utf8');
    expect((await initPki(dir)).done).toBe('kept');
    expect((await issueServerIn(dir)).done).toBe('kept');
    expect((await issueDeviceIn(dir, 'depok')).done).toBe('kept');
    expect(await readFile(devicePaths(dir, 'depok').cert, 'utf8')).toBe(before);
  });

  test('renews what soon expires, lacks a name, or is of another authority', async () => {
    await initPki(dir);
    await issueServerIn(dir);
    expect((await issueServerIn(dir, ['new.example'])).done).toBe('renewed');
    const inTwoYears = Date.now() + 720 * 86_400_000;
    await issueDeviceIn(dir, 'depok');
    expect((await issueDeviceIn(dir, 'depok', inTwoYears)).done).toBe('renewed');
    await rm(join(dir, 'ca'), { recursive: true });
    await initPki(dir);
    expect((await issueDeviceIn(dir, 'depok')).done).toBe('renewed');
  });

  test('refuses to go on without an authority, with a lost key, or for what is no station', async () => {
    await expect(issueDeviceIn(dir, 'depok')).rejects.toMatchObject({ code: 'certificates-missing' });
    await initPki(dir);
    await expect(issueDeviceIn(dir, '../evil')).rejects.toMatchObject({ code: 'pki-name-invalid' });
    await expect(issueServerIn(dir, ['a b'])).rejects.toMatchObject({ code: 'pki-name-invalid' });
    await unlink(caPaths(dir).key);
    await expect(initPki(dir)).rejects.toMatchObject({ code: 'pki-incomplete' });
  });

  test('never repeats a serial number', async () => {
    await initPki(dir);
    const serials = new Set<string>();
    for (const station of ['s1', 's2', 's3', 's4']) {
      await issueDeviceIn(dir, station);
      serials.add((await certificate(devicePaths(dir, station).cert)).serialNumber);
    }
    expect(serials.size).toBe(4);
  });
});
