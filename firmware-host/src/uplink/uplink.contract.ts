/** What every kind of uplink does, against a real broker: run it for each. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeHealth } from '@siaga/protocol';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPki, type Pki } from '../testing/broker.ts';
import { until } from '../testing/builders.ts';
import { openWire, type TestWire } from '../testing/wire.ts';
import type { UplinkConfig } from './config.ts';
import { offlineHealth } from './device.ts';
import { openUplink, type UplinkSettings } from './index.ts';
import type { Uplink } from './uplink.ts';

export type ContractBroker = {
  readonly port: number;
  readonly published: { topic: string; payload: Uint8Array }[];
  send(topic: string, payload: Uint8Array): Promise<void>;
  close(): Promise<void>;
};

export type UnderContract = {
  readonly kind: NonNullable<UplinkConfig['kind']>;
  readonly startBroker: (pki: Pki, folder: string) => Promise<ContractBroker>;
};

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (payload: Uint8Array) => new TextDecoder().decode(payload);

export type TestUplink = {
  readonly uplink: Uplink;
  readonly connections: number[];
  readonly ends: string[];
  readonly heard: string[];
};

/** An uplink that is closed by `ending`, with what it told. */
export function startUplink(
  station: string,
  config: UplinkConfig,
  over: Partial<UplinkSettings>,
  ending: (() => Promise<unknown>)[],
): TestUplink {
  const connections: number[] = [];
  const ends: string[] = [];
  const heard: string[] = [];
  let number = 0;
  const uplink = openUplink(
    {
      station,
      config,
      nextConnection: async () => ++number,
      willOf: offlineHealth,
      log: pino({ level: 'silent' }),
      ...over,
      timing: { ackMs: 700, pingMs: 500, connectMs: 5_000, backOffFirstMs: 20, backOffMostMs: 100, ...over.timing },
    },
    {
      onConnected: (connection) => connections.push(connection),
      onDisconnected: (reason) => ends.push(reason),
      onMessage: (kind, payload) => heard.push(`${kind} ${text(payload)}`),
    },
  );
  ending.push(() => uplink.close());
  return { uplink, connections, ends, heard };
}

export function uplinkContract(name: string, { kind, startBroker }: UnderContract): void {
  describe(`${name}: an uplink`, () => {
    const root = mkdtempSync(join(tmpdir(), 'siaga-uplink-'));
    const ending: (() => Promise<unknown>)[] = [];
    let pki: Pki;
    let broker: ContractBroker;
    let wire: TestWire;
    let folders = 0;
    /** Each test has its own: a connection of the one before may still be dying. */
    let station = '';
    beforeEach(() => {
      station = `station-${++folders}`;
    });
    beforeAll(async () => {
      pki = await createPki();
      broker = await startBroker(pki, join(root, 'broker'));
    });
    afterEach(async () => {
      for (const end of ending.splice(0).reverse()) await end();
      broker.published.length = 0;
    });
    afterAll(async () => {
      await broker.close();
      rmSync(root, { recursive: true, force: true });
    });

    const write = (name: string, pem: string): string => {
      const folder = join(root, String(++folders));
      mkdirSync(folder);
      writeFileSync(join(folder, name), pem);
      return join(folder, name);
    };
    const credentials = async (over: { ca?: string; cert?: string; key?: string } = {}) => {
      const issued = await pki.issue(station);
      return {
        ca: write('ca.crt', over.ca ?? pki.ca),
        cert: write('device.crt', over.cert ?? issued.cert),
        key: write('device.key', over.key ?? issued.key),
      };
    };
    const configOf = async (over: Partial<UplinkConfig> = {}): Promise<UplinkConfig> => {
      wire = await openWire(broker.port);
      ending.push(() => wire.close());
      return { kind, url: `mqtts://localhost:${wire.port}`, ...(await credentials()), ...over } as UplinkConfig;
    };
    const start = async (over: Partial<UplinkConfig> = {}, settings: Partial<UplinkSettings> = {}) =>
      startUplink(station, await configOf(over), settings, ending);
    const connected = async (one: TestUplink, times = 1) => {
      await until(`connection ${times} (${one.uplink.trouble()})`, () => one.connections.length === times).catch(
        (error) => {
          throw new Error(`${error.message}; trouble: ${one.uplink.trouble()}`);
        },
      );
      return one;
    };
    const wills = () =>
      broker.published.flatMap(({ topic, payload }) => {
        const health = topic === `flood/v1/${station}/health` ? decodeHealth(payload) : null;
        return health?.ok && health.value.state === 'offline' ? [health.value.connection] : [];
      });

    it('connects under its certificate, publishes and hears', async () => {
      const one = await connected(await start());
      expect(one.uplink.connected()).toBe(true);
      await one.uplink.publish('readings', bytes('r1'));
      await one.uplink.publish('about', bytes('a1'));
      await until('both', () => broker.published.length >= 2);
      expect(broker.published.map(({ topic, payload }) => `${topic} ${text(payload)}`)).toEqual([
        `flood/v1/${station}/readings r1`,
        `flood/v1/${station}/about a1`,
      ]);
      await broker.send(`flood/v1/${station}/receipt`, bytes('x'));
      await broker.send(`flood/v1/${station}/command`, bytes('y'));
      await until('heard', () => one.heard.length === 2);
      expect(one.heard).toEqual(['receipt x', 'command y']);
    });

    it('takes many publishes at a time, and a message of the largest size', async () => {
      const { uplink } = await connected(await start());
      const large = new Uint8Array(128 * 1024).fill(120);
      await Promise.all([
        ...Array.from({ length: 15 }, (_, i) => uplink.publish('readings', bytes(`m${i}`))),
        uplink.publish('readings', large),
      ]);
      await until('all', () => broker.published.length === 16);
      expect(broker.published.some(({ payload }) => payload.byteLength === large.byteLength)).toBe(true);
    });

    it('refuses at once while there is no connection, and says why there is none', async () => {
      const one = await start();
      await wire.close();
      await expect(one.uplink.publish('readings', bytes('r'))).rejects.toMatchObject({ code: 'uplink-disconnected' });
      await until('a reason', () => /nothing listens there/.test(one.uplink.trouble() ?? ''));
      expect(one.connections).toEqual([]);
    });

    it('connects again after a cut, under the next number; what was under way is refused', async () => {
      const one = await connected(await start());
      wire.swallow('answers');
      const underWay = one.uplink.publish('readings', bytes('r'));
      wire.swallow('nothing');
      wire.cut();
      await expect(underWay).rejects.toMatchObject({ code: 'uplink-disconnected' });
      await connected(one, 2);
      expect(one.connections).toEqual([1, 2]);
      expect(one.ends).toHaveLength(1);
      expect(one.uplink.reconnects()).toBe(1);
      await one.uplink.publish('readings', bytes('again'));
    });

    it('leaves a connection that swallows PUBACKs, and makes it anew', async () => {
      const one = await connected(await start());
      wire.swallow('answers');
      const sinceMs = performance.now();
      await expect(one.uplink.publish('readings', bytes('r'))).rejects.toMatchObject({ code: 'uplink-ack-timeout' });
      expect(performance.now() - sinceMs).toBeGreaterThanOrEqual(650);
      wire.swallow('nothing');
      await connected(one, 2);
      expect(one.ends[0]).toMatch(/no PUBACK within/);
    });

    it('notices a black hole when it is idle, by its ping', async () => {
      const one = await connected(await start({ keepAliveS: 2 }));
      wire.swallow('everything');
      await until('noticed', () => one.ends.length === 1);
      expect(one.ends[0]).toMatch(/ping/i);
    });

    it('leaves a last will with its own number at a cut, and none when it closes', async () => {
      const one = await connected(await start());
      wire.cut();
      await until('the will', () => wills().length === 1);
      await connected(one, 2);
      wire.cut();
      await until('the second will', () => wills().length === 2);
      expect(wills()).toEqual([1, 2]);
      await connected(one, 3);
      one.uplink.leave();
      await one.uplink.close();
      const other = await connected(await start());
      await other.uplink.publish('readings', bytes('later'));
      await until('later', () => broker.published.some(({ payload }) => text(payload) === 'later'));
      expect(wills()).toEqual([1, 2]);
    });

    it.each([
      ['a broker signed by another CA', async () => ({ ca: (await createPki()).ca }), /not signed by uplink\.ca/],
      ['a certificate of another CA', async () => (await createPki()).issue(station), /accept uplink\.cert/],
      [
        'its own certificate expired',
        () =>
          pki.issue(station, { notBefore: new Date(Date.now() - 7_200_000), notAfter: new Date(Date.now() - 60_000) }),
        /uplink\.cert (has )?expired/,
      ],
      [
        'a key of another certificate',
        async () => ({ key: (await pki.issue(station)).key }),
        /uplink\.key: .* does not belong to/,
      ],
      ['a file that is no certificate', async () => ({ cert: 'rubbish' }), /uplink\.cert: .* holds no certificate/],
    ] as const)('says in plain words: %s', async (_, over, words) => {
      const one = await start(await credentials(await over()));
      await until('a reason', () => one.uplink.trouble() !== null);
      expect(one.uplink.trouble()).toMatch(words);
      expect(one.connections).toEqual([]);
    });

    it('says that the broker has another name than its certificate', async () => {
      const elsewhere = await openWire(broker.port, '127.0.0.2');
      ending.push(() => elsewhere.close());
      const one = await start({ url: `mqtts://127.0.0.2:${elsewhere.port}` });
      await until('a reason', () => one.uplink.trouble() !== null);
      expect(one.uplink.trouble()).toMatch(/for another name than uplink\.url/);
    });

    it('takes certificates that were replaced on the disk at its next attempt', async () => {
      const foreign = await (await createPki()).issue(station);
      const paths = await credentials(foreign);
      const one = await start(paths);
      await until('refused', () => one.uplink.trouble() !== null);
      const issued = await pki.issue(station);
      writeFileSync(paths.key, issued.key);
      writeFileSync(paths.cert, issued.cert);
      await connected(one);
    });

    it('does not fight with a second device under its name', async () => {
      const timing = { backOffFirstMs: 100, backOffMostMs: 1_600 };
      const one = await connected(await start({}, { timing }));
      const [, theirs] = [wire, await connected(await start({}, { timing }))];
      await until('thrown out', () => one.ends.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      // Twenty a second each without back-off.
      expect(one.connections.length + theirs.connections.length).toBeLessThan(14);
    });

    it('ends: a process with nothing else to do stops by itself', async () => {
      const config = await configOf();
      const script = new URL('../testing/uplink-visit.ts', import.meta.url).pathname;
      const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(config), station], {
        timeout: 15_000,
      });
      expect(stdout).toBe('connected\nclosed\n');
      await until('its reading', () => broker.published.some(({ payload }) => text(payload) === 'visit'));
      expect(wills()).toEqual([]);
    });

    it('ends while it still tries to connect', async () => {
      const one = await start();
      wire.swallow('everything');
      wire.cut();
      await until('an attempt', () => wire.connections() > 0);
      const sinceMs = performance.now();
      await one.uplink.close();
      expect(performance.now() - sinceMs).toBeLessThan(3_000);
    });
  });
}
