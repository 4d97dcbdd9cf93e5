/** What the installed agent needs of a small computer: memory, processor, and time until its first reading. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { aDraft, createPki, openFileOutbox, startMosquitto, writeCredentials } from '@siaga/firmware-host/testing';
import { systemClock } from '@siaga/protocol';
import { openVirtualTty, sensorNamed, virtualGauge } from '@siaga/simulator';
import { type AgentProcess, type AgentSettings, startAgentProcess } from '../../harness/agent.ts';
import { writeCatalogue } from '../../harness/catalogue.ts';
import { makePackage, unpackPackage } from '../../harness/installed-agent.ts';
import { startPlatformProcess } from '../../harness/platform.ts';
import { atMost, figure, missing, type Row, type Suite } from '../report.ts';
import { cpuSecondsOf, residentMiBOf } from '../walk/process-use.ts';

const station = 'katulampa';
const sensor = sensorNamed('maxbotix-hrxl-wr');
const [type] = sensor.types;
/** After this long at work nothing grows any more that is not growing for ever. */
const settleMs = 60_000;
const measureMs = 60_000;
const month = 30 * 1_440;
const year = 365 * 1_440;

export const benchInstalled: Suite = async (say) => {
  const folder = join(tmpdir(), `siaga-bench-installed-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    say('makes and unpacks the Debian package');
    const installed: Installed = { folder, launcher: unpackPackage(makePackage(folder), join(folder, 'root')), say };
    return [
      ...(await firstReadings(installed)),
      ...(await overMqtt(installed)),
      ...(await overAws(installed)),
      ...(await monthOffline(installed)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

type Installed = { readonly folder: string; readonly launcher: string; readonly say: (progress: string) => void };

/** From the start of the process to the first reading on its disk, without any network: with nothing, and a year, on it. */
async function firstReadings({ folder, launcher, say }: Installed): Promise<Row[]> {
  const fresh = await secondsToFirst({ data: join(folder, 'first'), launcher });
  say('fills an outbox with a year of readings');
  await fill(join(folder, 'year'), year);
  const full = await secondsToFirst({ data: join(folder, 'year'), launcher });
  return [
    atMost(3, 'installed: first stored reading after the start, no network, one a minute', fresh, 's'),
    atMost(3, 'installed: the same with a year of readings waiting', full, 's'),
  ];
}

async function secondsToFirst(settings: Pick<AgentSettings, 'data' | 'launcher'>): Promise<number> {
  return speaking(async (port) => {
    const startedAtMs = performance.now();
    const agent = start({ ...settings, pki: settings.data, mqttUrl: null, port });
    await agent.storedAtLeast(1);
    const seconds = (performance.now() - startedAtMs) / 1_000;
    await agent.program.stop();
    return seconds;
  });
}

/** A sensor at its own rate, a reading a minute, connected to the platform. */
async function overMqtt({ folder, launcher, say }: Installed): Promise<Row[]> {
  const catalogue = writeCatalogue(folder, [{ id: station, sensorElevationMm: 5000 }]);
  const platform = await startPlatformProcess({ data: join(folder, 'platform'), catalogue, stations: [station] });
  const { pki, mqttUrl } = platform;
  say(`lets the installed agent work over mqtt for ${(settleMs + measureMs) / 1_000} s`);
  const use = await useAtWork({ data: join(folder, 'mqtt'), launcher, pki, mqttUrl });
  await platform.program.stop();
  return [
    atMost(80, 'installed: memory (RSS), uplink mqtt', use.megabytes, 'MB'),
    atMost(2, `installed: processor at ${sensor.rateHz} Hz input, of one core`, use.percent, '%'),
  ];
}

/** The same over AWS's SDK: MQTT 5, on a Mosquitto. */
async function overAws({ folder, launcher, say }: Installed): Promise<Row[]> {
  if (!existsSync('/usr/sbin/mosquitto')) return [missing('installed: memory (RSS), uplink aws-iot', 'no mosquitto')];
  const pki = await createPki();
  await writeCredentials(pki, station, join(folder, 'aws-pki', 'devices', station));
  const broker = await startMosquitto(pki, join(folder, 'mosquitto'));
  const mqttUrl = `mqtts://localhost:${broker.port}`;
  say(`lets the installed agent work over aws-iot for ${(settleMs + measureMs) / 1_000} s`);
  const settings = { data: join(folder, 'aws'), launcher, pki: join(folder, 'aws-pki'), mqttUrl };
  const use = await useAtWork({ ...settings, uplink: 'aws-iot' });
  await broker.close();
  return [atMost(80, 'installed: memory (RSS), uplink aws-iot', use.megabytes, 'MB')];
}

type Work = Pick<AgentSettings, 'data' | 'launcher' | 'pki' | 'mqttUrl' | 'uplink'>;

async function useAtWork(settings: Work): Promise<{ megabytes: number; percent: number }> {
  return speaking(async (port) => {
    const agent = start({ ...settings, port });
    await agent.connected();
    await pause(settleMs);
    const { pid } = agent.program;
    const beforeS = cpuSecondsOf(pid);
    const beforeMs = performance.now();
    await pause(measureMs);
    const percent = (100 * (cpuSecondsOf(pid) - beforeS)) / ((performance.now() - beforeMs) / 1_000);
    const megabytes = megabytesOf(agent);
    await agent.program.stop();
    return { megabytes, percent };
  });
}

/** What 30 days of waiting readings cost, with a broker that is never reached. */
async function monthOffline({ folder, launcher, say }: Installed): Promise<Row[]> {
  say('compares an agent after 30 days offline with one that has just begun');
  const pki = await createPki();
  await writeCredentials(pki, station, join(folder, 'off-pki', 'devices', station));
  await fill(join(folder, 'month'), month);
  const settings = { launcher, pki: join(folder, 'off-pki'), mqttUrl: 'mqtts://127.0.0.1:9' };
  const memory = (data: string) =>
    speaking(async (port) => {
      const agent = start({ ...settings, data: join(folder, data), port });
      await agent.storedAtLeast(1);
      await pause(settleMs);
      const megabytes = megabytesOf(agent);
      await agent.program.stop();
      return megabytes;
    });
  const [fresh, waiting] = [await memory('fresh'), await memory('month')];
  return [
    atMost(5, 'installed: memory (RSS) with 30 days waiting, above that with none', waiting - fresh, 'MB'),
    figure('installed: memory (RSS) offline with 30 days waiting', waiting, 'MB'),
  ];
}

/** Fills an agent's outbox with that many minutes that nobody has yet. */
async function fill(data: string, minutes: number): Promise<void> {
  const outbox = await openFileOutbox({ folder: join(data, 'outbox') });
  const startMs = Date.now() - (minutes + 1) * 60_000;
  const atOnce = 1_000;
  for (let i = 0; i < minutes; i += atOnce)
    await Promise.all(
      Array.from({ length: Math.min(atOnce, minutes - i) }, (_, k) =>
        outbox.append(aDraft({ reading: { observedAtMs: startMs + (i + k) * 60_000, distanceMm: 2_000 + (k % 9) } })),
      ),
    );
  await outbox.close();
}

/** Runs `work` while a sensor speaks on a tty. */
async function speaking<T>(work: (port: string) => Promise<T>): Promise<T> {
  const tty = await openVirtualTty();
  const voice = virtualGauge({ station, gauge: 'main', sensor, type, tty, clock: systemClock() }).run(() => 2345);
  try {
    return await work(tty.path);
  } finally {
    await voice.stop();
    await tty.close();
  }
}

function start({ port, ...settings }: Work & { readonly port: string }): AgentProcess {
  const gauges = [{ gauge: 'main', port, sensor: sensor.name, maxMm: type.maxMm }];
  // With all doubts about the machine's time, as it runs in the field.
  return startAgentProcess({ station, gauges, trigger: 'interval', clock: null, ...settings });
}

function megabytesOf(agent: AgentProcess): number {
  return (residentMiBOf(agent.program.pid) * 1_048_576) / 1e6;
}
