/** The doctor before real faults: real ttys, other programs, a broker over TLS, folders that refuse. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAgent } from '../../agent.ts';
import { agentAt } from '../../control/client.ts';
import { holdersOf } from '../../serial/holders.ts';
import { createPki, type Pki, startBroker, type TestBroker, writeCredentials } from '../../testing/broker.ts';
import { until } from '../../testing/builders.ts';
import { encoders } from '../../testing/encoders.ts';
import { openPty, type Pty } from '../../testing/pty.ts';
import { heardAt } from '../../testing/uart.ts';
import { readSettings } from '../settings-file.ts';
import { agent } from './agent.ts';
import { backlog } from './backlog.ts';
import { broker } from './broker.ts';
import { certificates } from './certificates.ts';
import type { Check, World } from './check.ts';
import { clock } from './clock.ts';
import { dataFolder, judgeForbidden, judgeNotYet } from './data-folder.ts';
import { heat } from './heat.ts';
import { checks } from './index.ts';
import { memory } from './memory.ts';
import { network } from './network.ts';
import { port } from './port.ts';
import { puback } from './puback.ts';
import { rivals } from './rivals.ts';
import { examine } from './run.ts';
import { sensor } from './sensor.ts';
import { settings } from './settings.ts';

const run = promisify(execFile);
let root: string;
let line: string;
let open: { close(): Promise<unknown> | unknown }[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'siaga-doctor-'));
  line = join(root, 'line');
  open = [];
});
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  rmSync(root, { recursive: true, force: true });
});

async function world(more = '', listenMs = 500): Promise<World> {
  const path = join(root, 'siaga-agent.yaml');
  const text = `station: depok\ndata: ./data\nsampling: { intervalS: 1, pings: 3 }\ngauges: [{ gauge: main, port: ./line, sensor: maxbotix-hrxl-wr, maxMm: 5000 }]\n`;
  writeFileSync(path, `${text}${more}`);
  return {
    file: await readSettings(path, {}),
    agent: null,
    status: null,
    refusal: null,
    root,
    env: {},
    nowMs: Date.now,
    listenMs,
  };
}

/** Verdicts with what was said and how to mend it. */
async function findings(check: Check, there: World): Promise<string[]> {
  return (await examine(check, there)).map(({ verdict, says, mend = '' }) => `${verdict} ${says} -> ${mend}`);
}

async function plug(): Promise<Pty> {
  const pty = await openPty();
  open.push(pty);
  symlinkSync(pty.path, `${line}.new`);
  renameSync(`${line}.new`, line);
  return pty;
}

/** A sensor that speaks each 50 ms; what it sends may depend on the moment. */
function speak(pty: Pty, bytes: (i: number) => Uint8Array): void {
  let i = 0;
  const timer = setInterval(() => pty.write(bytes(i++)).catch(() => undefined), 50);
  open.push({ close: () => clearInterval(timer) });
}

describe('at the line, the doctor', () => {
  it('counts live frames and shows their bytes', async () => {
    speak(await plug(), (i) => encoders['maxbotix-hrxl-wr'](1_500 + (i % 3)));
    const [found] = await examine(sensor, await world());
    expect(found).toMatchObject({
      verdict: 'pass',
      says: expect.stringMatching(/main: \d+\.\d frames\/s of maxbotix-hrxl-wr/),
    });
    expect(found?.shows?.at(-1)).toMatch(/52 31 35 30 \d\d 0d {2}R150\d\. {2}150\d mm/);
  });
  it('finds a line that is silent', async () => {
    await plug();
    expect(await findings(sensor, await world())).toEqual([
      expect.stringMatching(/^fail main: not a byte in 0\.5 s -> is it powered/),
    ]);
  });
  it.each([
    ['dfrobot-sen0676, unit: 7', 'unit 7, 115200 baud, parity none'],
    ['jsn-sr04t, mode: triggered', 'triggered type'],
    ['dfrobot-a02yyuw', 'only when asked'],
  ])('asks of a silent %s what it may be', async (kind, words) => {
    await plug();
    const there = await world();
    const path = join(root, 'siaga-agent.yaml');
    writeFileSync(path, `station: depok\ndata: ./data\ngauges: [{ gauge: main, port: ./line, sensor: ${kind} }]\n`);
    const [found] = await findings(sensor, { ...there, file: await readSettings(path, {}) });
    expect(found).toMatch(/^fail main: not a byte/);
    expect(found).toContain(words);
  });
  it('finds another sensor by its frames', async () => {
    speak(await plug(), () => encoders['dfrobot-a02yyuw'](1_500));
    const [found] = await findings(sensor, await world());
    expect(found).toMatch(/^fail main: \d+ bytes, but no frame of maxbotix-hrxl-wr/);
    expect(found).toMatch(/it speaks like .*dfrobot-a02yyuw.* at 9600 baud/);
  });
  it('finds a sensor that was set to another speed', async () => {
    const pty = await plug();
    let baud = 9_600;
    // The tty carries bytes, not bits: what a UART set as the line is set would hear of a sensor at 19200.
    const timer = setInterval(async () => {
      baud = Number((await run('stty', ['-F', pty.path, 'speed']).catch(() => ({ stdout: '9600' }))).stdout);
    }, 100);
    open.push({ close: () => clearInterval(timer) });
    const frame = encoders['maxbotix-hrxl-wr'](1_500);
    speak(pty, () => heardAt(Buffer.concat([frame, frame]), 19_200, baud));
    const [found] = await findings(sensor, await world());
    expect(found).toMatch(/^fail .* -> it speaks at 19200 baud/);
  }, 30_000);
  it('finds noise', async () => {
    let state = 7;
    const noise = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    };
    speak(await plug(), () => Uint8Array.from({ length: 12 }, noise));
    expect((await findings(sensor, await world()))[0]).toMatch(/^fail .* -> noise: is ground connected/);
  }, 30_000);
  it('finds a sensor that says that it is dead, and one that sees nothing', async () => {
    const pty = await plug();
    let code = 0;
    speak(pty, () => encoders['maxbotix-hrxl-wr'](code));
    expect((await findings(sensor, await world()))[0]).toMatch(/^fail .*it says that it is dead/);
    code = 5_000;
    expect((await findings(sensor, await world()))[0]).toMatch(/^warn .*nothing in range/);
    code = 300;
    expect((await findings(sensor, await world()))[0]).toMatch(/^warn .*blocked, or nearer/);
  });
  it('finds that the device is not there, and shows what is', async () => {
    mkdirSync(join(root, 'dev/serial/by-id'), { recursive: true });
    symlinkSync('/dev/null', join(root, 'dev/serial/by-id/usb-FTDI_A1-if00'));
    const [found] = await examine(port, await world());
    expect(found).toMatchObject({
      verdict: 'fail',
      says: `${line} is not there`,
      shows: ['plugged in:', expect.stringContaining('usb-FTDI_A1-if00')],
    });
    expect((await findings(sensor, await world()))[0]).toMatch(
      /^fail main: the line is closed: .*is the adapter plugged in/,
    );
  });
  it('names the stable link of a device', async () => {
    const pty = await plug();
    mkdirSync(join(root, 'dev/serial/by-id'), { recursive: true });
    symlinkSync(pty.path, join(root, 'dev/serial/by-id/usb-FTDI_A1-if00'));
    expect((await findings(port, await world()))[0]).toMatch(
      /^warn .*may change.* -> in the settings: port: .*usb-FTDI_A1-if00/,
    );
  });
  it('finds a file in the device’s place', async () => {
    writeFileSync(line, '');
    expect((await findings(port, await world()))[0]).toMatch(/^fail .* is no serial device/);
  });
  it('names who else holds the line, and how to be rid of it', async () => {
    const pty = await plug();
    // The name is what counts: a program that is called as the one that modems wait for.
    symlinkSync('/bin/cat', join(root, 'ModemManager'));
    const child = spawn(join(root, 'ModemManager'), [pty.path], { stdio: 'ignore' });
    open.push({ close: () => child.kill('SIGKILL') });
    await until('it holds the line', async () => (await holdersOf(line)).holders.some(({ pid }) => pid === child.pid));
    const [found] = await findings(rivals, await world());
    expect(found).toContain(`fail ${line} is held by`);
    expect(found).toContain(`ModemManager (process ${child.pid}`);
    expect(found).toContain('systemctl disable --now ModemManager');
  });
  it('finds the kernel’s console on the line', async () => {
    const pty = await plug();
    mkdirSync(join(root, 'proc'));
    const name = pty.path.split('/').at(-1);
    writeFileSync(join(root, 'proc/cmdline'), `console=${name},115200 root=/dev/sda1\n`);
    expect((await findings(rivals, await world()))[0]).toMatch(/^fail the kernel's console is on .*cmdline\.txt/);
  });
});

describe('at the machine, the doctor', () => {
  it('reads a machine of its files', async () => {
    mkdirSync(join(root, 'sys/class/thermal/thermal_zone0'), { recursive: true });
    mkdirSync(join(root, 'sys/devices/platform/soc/soc:firmware'), { recursive: true });
    mkdirSync(join(root, 'proc'));
    mkdirSync(join(root, 'run/systemd/timesync'), { recursive: true });
    writeFileSync(join(root, 'sys/class/thermal/thermal_zone0/temp'), '86500\n');
    writeFileSync(join(root, 'sys/devices/platform/soc/soc:firmware/get_throttled'), '50000\n');
    writeFileSync(join(root, 'proc/meminfo'), 'MemTotal: 430000 kB\nMemFree: 1 kB\nMemAvailable: 30000 kB\n');
    writeFileSync(join(root, 'proc/uptime'), '86400.5 1000.0\n');
    const there = await world();
    expect((await findings(heat, there)).map((each) => each.slice(0, 30))).toEqual([
      'fail processor at 87 °C -> too',
      'warn under-voltage since boot ',
      'warn slowed down since boot, b',
    ]);
    expect((await findings(memory, there))[0]).toMatch(/^warn 31 MB available of 440 MB/);
    expect((await findings(clock, there))[0]).toMatch(/^warn .*set by nobody/);
    expect((await findings(clock, there))[1]).toMatch(/booted 24 h 0 min ago/);
    writeFileSync(join(root, 'run/systemd/timesync/synchronized'), '');
    expect((await findings(clock, there))[0]).toMatch(/^pass .*time server/);
  });
  it('tells nothing of what the machine does not tell', async () => {
    const there = await world();
    expect(await findings(heat, there)).toEqual([]);
    expect(await findings(memory, there)).toEqual([]);
  });
  it('lists every fault of the settings, and goes on with what needs none', async () => {
    const there = await world('storage: { keepDays: 999 }\nuplnk: null\n');
    const found = await findings(settings, there);
    expect(found).toHaveLength(2);
    expect(found.join('\n')).toMatch(/storage\.keepDays: must be a whole number from 0 to 365/);
    expect(found.join('\n')).toMatch(/has no setting 'uplnk'; did you mean 'uplink'/);
    expect(await findings(sensor, there)).toEqual([]);
  });
  it('finds a data folder that cannot be one', async () => {
    writeFileSync(join(root, 'data'), '');
    expect((await findings(dataFolder, await world()))[0]).toMatch(
      /^fail .*cannot be written.*-> correct the setting 'data'/,
    );
  });
  it('finds a data folder that it may only read', async () => {
    mkdirSync(join(root, 'data'));
    chmodSync(root, 0o755);
    chmodSync(join(root, 'data'), 0o555);
    await world();
    const nobody = 65_534;
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(join(root, 'data'), nobody, nobody);
    const main = join(import.meta.dirname, '../../main.ts');
    const child = await run(
      process.execPath,
      [main, 'doctor', '--config', join(root, 'siaga-agent.yaml'), '--json', '--seconds', '0.2', '--offline'],
      isRoot ? { uid: nobody, gid: nobody } : {},
    ).catch((error) => error);
    expect(child.code).toBe(2);
    const { findings: told } = JSON.parse(child.stdout);
    expect(told.find(({ check }: { check: string }) => check === 'disk')).toMatchObject({
      verdict: 'fail',
      mend: expect.stringContaining('chmod u+rwx'),
    });
    // Whoever is not the agent's user cannot tell.
    expect(judgeForbidden('/var/lib/siaga-agent', 998, 1_000)).toMatchObject({
      verdict: 'warn',
      mend: expect.stringContaining('sudo'),
    });
  });
  it('finds a data folder that is not there yet, and one that cannot be made', async () => {
    expect((await findings(dataFolder, await world()))[0]).toMatch(/^warn .*is not there yet/);
    expect(judgeNotYet('/srv/data', '/srv', 'EROFS')).toMatchObject({
      verdict: 'fail',
      mend: expect.stringContaining('read-only'),
    });
    expect(judgeNotYet('/srv/data', '/srv', 'EACCES')).toMatchObject({ verdict: 'warn' });
  });
  it('finds a ballast that was given free', async () => {
    mkdirSync(join(root, 'data/outbox'), { recursive: true });
    writeFileSync(join(root, 'data/outbox/ballast'), new Uint8Array(1_000_000));
    expect((await findings(backlog, await world())).at(-1)).toMatch(/^warn ballast holds 1\.0 MB of 4\.0 MB/);
  });
});

describe('at the link, the doctor', () => {
  let pki: Pki;
  beforeAll(async () => {
    pki = await createPki({ notAfter: new Date(Date.now() + 400 * 86_400_000) });
  });
  const brokers: TestBroker[] = [];
  afterAll(() => Promise.all(brokers.map((each) => each.close())));
  async function start(of: Pki = pki): Promise<TestBroker> {
    const started = await startBroker(of);
    brokers.push(started);
    return started;
  }
  async function uplinkTo(portNumber: number, of: Pki = pki, station = 'depok', host = '127.0.0.1'): Promise<World> {
    const { ca, cert, key } = await writeCredentials(of, station, join(root, 'credentials'));
    chmodSync(key, 0o600);
    return world(`uplink: { url: "mqtts://${host}:${portNumber}", ca: ${ca}, cert: ${cert}, key: ${key} }\n`);
  }

  it('passes all that is well, and a message is acknowledged', async () => {
    const { port: number, published } = await start();
    const there = await uplinkTo(number);
    for (const check of [certificates, network, broker, puback])
      expect((await findings(check, there)).filter((each) => !each.startsWith('pass'))).toEqual([]);
    const text = new TextDecoder().decode(published[0]?.payload);
    expect(JSON.parse(text)).toEqual({ v: 1, state: 'offline', connection: 1 });
    expect(published).toHaveLength(1);
  });
  it('finds a broker whose certificate has expired', async () => {
    const server = await pki.issueServer({ notAfter: new Date(Date.now() - 60_000) });
    const there = await uplinkTo((await start({ ...pki, server })).port);
    expect((await findings(broker, there))[0]).toMatch(/^fail no TLS: .*not valid by this device's clock/);
    expect((await findings(network, there))[0]).toMatch(/^pass/);
  });
  it('finds a broker of another CA', async () => {
    const other = await createPki();
    const there = await uplinkTo((await start({ ...pki, server: other.server })).port);
    expect((await findings(broker, there))[0]).toMatch(/^fail no TLS: .*not signed by uplink\.ca/);
  });
  it('warns of a broker’s certificate that runs out', async () => {
    const server = await pki.issueServer({ notAfter: new Date(Date.now() + 5 * 86_400_000) });
    const there = await uplinkTo((await start({ ...pki, server })).port);
    expect((await findings(broker, there))[1]).toMatch(/^warn the broker's certificate expires in \d days/);
  });
  it('finds own credentials that are another station’s, no pair, readable by all, or expired', async () => {
    const there = await uplinkTo(8883, pki, 'manggarai');
    expect((await findings(certificates, there)).join('\n')).toMatch(
      /fail uplink\.cert is for manggarai, the settings say station depok/,
    );
    const own = await pki.issue('depok', { notAfter: new Date(Date.now() - 86_400_000) });
    writeFileSync(join(root, 'credentials/device.crt'), own.cert);
    expect((await findings(certificates, there))[0]).toMatch(/^fail uplink\.key: .*does not belong to uplink\.cert/);
    writeFileSync(join(root, 'credentials/device.key'), own.key);
    chmodSync(join(root, 'credentials/device.key'), 0o644);
    const found = await findings(certificates, there);
    expect(found[0]).toMatch(/^fail uplink\.cert expired on/);
    expect(found.at(-1)).toMatch(/^warn .*device\.key may be read by others -> sudo chmod 600/);
    rmSync(join(root, 'credentials/ca.crt'));
    expect((await findings(certificates, there))[0]).toMatch(/^fail uplink\.ca: cannot read/);
  });
  it('finds a port where nobody listens, and a name that nobody knows', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const number = (taken.address() as { port: number }).port;
    await new Promise((resolve) => taken.close(resolve));
    expect((await findings(network, await uplinkTo(number)))[0]).toMatch(/^fail .*nothing listens there/);
    expect((await findings(network, await uplinkTo(8883, pki, 'depok', 'broker.invalid')))[0]).toMatch(
      /^fail broker\.invalid: the name cannot be looked up/,
    );
  });
  it('gives up soon where the broker does not let it in, and tries nothing with files that it cannot read', async () => {
    const other = await createPki();
    const there = await uplinkTo((await start({ ...pki, server: other.server })).port);
    const beganMs = performance.now();
    expect((await findings(puback, there))[0]).toMatch(/^fail no message got through: .*not signed by uplink\.ca/);
    expect(performance.now() - beganMs).toBeLessThan(15_000);
    rmSync(join(root, 'credentials/device.key'));
    expect(await findings(puback, there)).toEqual([]);
  }, 20_000);
  it('leaves the line and the name of an agent alone that cannot be asked', async () => {
    const { port: number, published } = await start();
    speak(await plug(), () => encoders['maxbotix-hrxl-wr'](1_500));
    const there: World = { ...(await uplinkTo(number)), refusal: 'the agent does not answer' };
    expect(await findings(puback, there)).toEqual([]);
    expect(published).toEqual([]);
    expect((await findings(sensor, there)).join()).toMatch(/^warn not listened to/);
  });
  it('asks the running agent, and lets its line and its connection alone', async () => {
    const { port: number, published } = await start();
    speak(await plug(), (i) => encoders['maxbotix-hrxl-wr'](1_500 + (i % 3)));
    const alone = await uplinkTo(number);
    const config = alone.file.settings?.config;
    if (!config) throw new Error('no settings');
    const running = await startAgent({
      config,
      clock: { now: Date.now, origin: 0, speed: 1 },
      log: pino({ level: 'silent' }),
    });
    open.push({ close: () => running.stop() });
    await until('connected', () => running.status().connected);
    const client = await agentAt(config.data);
    const there: World = { ...alone, agent: client, status: (await client?.status()) ?? null };
    expect((await findings(agent, there))[0]).toMatch(/^pass version .*process/);
    expect((await findings(rivals, there)).join()).toMatch(/^pass/);
    expect((await findings(sensor, there))[0]).toMatch(/^pass main: \d+\.\d frames/);
    const before = published.length;
    expect((await findings(puback, there))[0]).toMatch(/^pass acknowledged after/);
    expect(published.slice(before).some(({ topic }) => topic.endsWith('/health'))).toBe(true);
    expect(running.status()).toMatchObject({ reconnects: 0, connected: true });
    expect(running.status().gauges[0]).toMatchObject({ link: 'open', reopens: 0 });
  }, 30_000);
});

it('every check stands in the list once', () => {
  const names = checks.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
