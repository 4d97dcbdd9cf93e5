import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeLock } from '../outbox/lock.ts';
import { until } from '../testing/builders.ts';
import { agentAt } from './client.ts';
import type { ControlHandlers, ControlStatus, TailEvent } from './protocol.ts';
import { serveControl } from './server.ts';

const status: ControlStatus = {
  station: 'depok',
  pid: 4711,
  version: '0.1.0',
  startedAtMs: 1,
  nowMs: 2,
  boot: 'boot-1',
  clock: 'synced',
  stream: 'a'.repeat(16),
  lastSeq: 7,
  stored: 7,
  notStored: 0,
  lost: 0,
  backlog: 3,
  oldestWaitingAtMs: null,
  uplink: null,
  maintenanceUntilMs: null,
  cadence: null,
  gauges: [],
};
const heard = (hex: string): TailEvent => ({
  event: 'heard',
  gauge: 'main',
  atMs: 5,
  hex,
  decoded: [{ kind: 'sample', sample: { echo: 'seen', distanceMm: 1234 } }],
  badFrames: 0,
  discardedBytes: 0,
});

let data: string;
let warnings: object[];
let open: { close(): Promise<void> | void }[];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'siaga-control-'));
  warnings = [];
  open = [];
});
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  rmSync(data, { recursive: true, force: true });
});

async function serve(over: Partial<ControlHandlers> = {}, folder = data) {
  const handlers: ControlHandlers = {
    status: () => status,
    tail: () => () => undefined,
    maintenance: async () => undefined,
    measure: async () => {
      throw new Error('no such gauge');
    },
    calibrationsChanged: async () => undefined,
    settings: () => ({ 'sampling.intervalS': 60 }),
    pingUplink: async () => 12,
    ...over,
  };
  const server = await serveControl(folder, handlers, { warn: (details: object) => void warnings.push(details) });
  open.push(server);
  return server;
}

async function agent(folder = data) {
  const client = await agentAt(folder);
  if (!client) throw new Error('nobody listens');
  return client;
}

/** A bare connection, for what no client of ours would say. */
function bare(): Promise<{ socket: Socket; text: () => string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(join(data, 'control.sock'), () => resolve({ socket, text: () => text }));
    open.push({ close: () => void socket.destroy() });
    socket.on('data', (bytes) => {
      text += bytes;
    });
    socket.once('error', reject);
  });
}

describe('the control socket', () => {
  it('answers what it is asked, in the words of the agent', async () => {
    const orders: object[] = [];
    await serve({ maintenance: async (order) => void orders.push(order) });
    const client = await agent();
    expect(await client.status()).toEqual(status);
    expect(await client.settings()).toEqual({ 'sampling.intervalS': 60 });
    expect(await client.pingUplink()).toBe(12);
    await client.maintenance({ untilMs: 99, by: 'Sari' });
    expect(orders).toEqual([{ untilMs: 99, by: 'Sari' }]);
    await expect(client.measure({ gauge: 'main', pings: 3 })).rejects.toThrow('no such gauge');
  });

  it('is for its owner alone, and goes with the agent', async () => {
    const server = await serve();
    expect(statSync(join(data, 'control.sock')).mode & 0o777).toBe(0o600);
    await server.close();
    expect(readdirSync(data)).toEqual([]);
    expect(await agentAt(data)).toBeNull();
  });

  it('takes the place of a socket that a killed agent left', async () => {
    const dead = createServer().listen(join(data, 'control.sock'));
    await new Promise((resolve) => dead.once('listening', resolve));
    // A killed process unlinks nothing: give the name another file's, then close.
    renameSync(join(data, 'control.sock'), join(data, 'kept'));
    await new Promise((resolve) => dead.close(resolve));
    renameSync(join(data, 'kept'), join(data, 'control.sock'));
    expect(await agentAt(data)).toBeNull();
    await serve();
    expect(await (await agent()).status()).toEqual(status);
    expect(warnings).toEqual([]);
  });

  it('is nobody where no folder is, and lets an agent live where it cannot be', async () => {
    expect(await agentAt(join(data, 'none'))).toBeNull();
    await serve({}, join(data, 'none'));
    expect(warnings).toHaveLength(1);
  });

  it('reaches into a folder whose path is longer than the kernel lets a socket have', async () => {
    const deep = join(data, 'd'.repeat(90), 'e'.repeat(90));
    mkdirSync(deep, { recursive: true });
    await serve({}, deep);
    expect(warnings).toEqual([]);
    expect(await (await agent(deep)).status()).toEqual(status);
    expect(readdirSync(deep)).toEqual(['control.sock']);
  });

  it('streams to two listeners at once, and forgets one who goes', async () => {
    const sends = new Set<(event: TailEvent) => void>();
    await serve({
      tail(send) {
        sends.add(send);
        return () => sends.delete(send);
      },
    });
    const client = await agent();
    const first: TailEvent[] = [];
    const second: TailEvent[] = [];
    const [one, two] = [new AbortController(), new AbortController()];
    const tails = [
      client.tail((event) => first.push(event), one.signal),
      client.tail((event) => second.push(event), two.signal),
    ];
    await until('both listen', () => sends.size === 2);
    for (const send of sends) send(heard('52'));
    await until('both heard', () => first.length === 1 && second.length === 1);
    expect(await client.status()).toEqual(status);
    one.abort();
    await tails[0];
    await until('one is forgotten', () => sends.size === 1);
    for (const send of sends) send(heard('53'));
    await until('the other hears on', () => second.length === 2);
    expect(first).toEqual([heard('52')]);
    two.abort();
    await tails[1];
  });

  it('knows of an agent whose socket has gone, and does not take it for none', async () => {
    mkdirSync(join(data, 'outbox'));
    const release = await takeLock(join(data, 'outbox', 'LOCK'));
    const other = spawn('sleep', ['60']);
    open.push({ close: () => void other.kill('SIGKILL') });
    // A lock of our own process is nobody else's.
    expect(await agentAt(data)).toBeNull();
    const mark = readFileSync(join(data, 'outbox', 'LOCK'), 'utf8').split(' ');
    const stat = readFileSync(`/proc/${other.pid}/stat`, 'utf8');
    const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(join(data, 'outbox', 'LOCK'), `${other.pid} ${began} ${mark[2]}`);
    await expect(agentAt(data)).rejects.toThrow(`process ${other.pid}`);
    await release();
    expect(await agentAt(data)).toBeNull();
  });

  it('tells those whom it lets in no more that it hung up', async () => {
    await serve();
    const clients = await Promise.all(Array.from({ length: 8 }, bare));
    const client = await agent().catch((error) => error);
    const asked =
      client instanceof Error ? Promise.reject(client) : client.tail(() => undefined, AbortSignal.timeout(5_000));
    await expect(asked).rejects.toThrow('hung up');
    for (const { socket } of clients) socket.destroy();
  });

  it('lets a listener go who does not read', async () => {
    const sends: ((event: TailEvent) => void)[] = [];
    let gone = false;
    await serve({
      tail(given) {
        sends.push(given);
        return () => {
          gone = true;
        };
      },
    });
    const { socket } = await bare();
    socket.pause();
    socket.write('{"do":"tail"}\n');
    await until('he listens', () => sends.length === 1);
    const event = heard('ff'.repeat(10_000));
    for (let i = 0; i < 200 && !gone; i++) sends[0]?.(event);
    await until('he is let go', () => gone);
  });

  it.each([
    ['no JSON', 'status', 'not understood'],
    ['an unknown order', '{"do":"reboot"}', 'not understood'],
    ['a gauge that none can be', '{"do":"measure","gauge":"../x","pings":1}', 'not understood'],
    ['too many pings', '{"do":"measure","gauge":"main","pings":100000}', 'not understood'],
  ])('refuses %s, and still listens', async (_, line, words) => {
    await serve();
    const { socket, text } = await bare();
    socket.write(`${line}\n{"do":"status"}\n`);
    await until('two answers', () => text().split('\n').length === 3);
    const [first, second] = text().split('\n');
    expect(JSON.parse(first as string)).toEqual({ ok: false, error: expect.stringContaining(words) });
    expect(JSON.parse(second as string)).toEqual({ ok: true, status });
  });

  it('ends a connection whose line has no end', async () => {
    await serve();
    const { socket, text } = await bare();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.write('x'.repeat(200_000));
    await closed;
    expect(text()).toContain('longer than');
    expect(await (await agent()).status()).toEqual(status);
  });

  it('works off one order after the other, however many are sent at once', async () => {
    let atWork = 0;
    let most = 0;
    await serve({
      async status() {
        most = Math.max(most, ++atWork);
        await new Promise((resolve) => setTimeout(resolve, 1));
        atWork--;
        return status;
      },
    });
    const { socket, text } = await bare();
    socket.write('{"do":"status"}\n'.repeat(20));
    await until('all answers', () => text().split('\n').length === 21);
    expect(most).toBe(1);
  });
});
