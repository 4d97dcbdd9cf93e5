/** What the installed agent needs of a small computer: memory, processor, and time until its first reading. */
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@siaga/protocol';
import { openVirtualTty, sensorNamed, virtualGauge } from '@siaga/simulator';
import { startAgentProcess } from '../../harness/agent.ts';
import { writeCatalogue } from '../../harness/catalogue.ts';
import { makePackage, unpackPackage } from '../../harness/installed-agent.ts';
import { startPlatformProcess } from '../../harness/platform.ts';
import { atMost, figure, type Row, type Suite } from '../report.ts';
import { cpuSecondsOf, residentMiBOf } from '../walk/process-use.ts';

const station = 'katulampa';
const sensor = sensorNamed('maxbotix-hrxl-wr');
const [type] = sensor.types;
/** After this long at work nothing grows any more that is not growing for ever. */
const settleMs = 60_000;
const measureMs = 60_000;

export const benchInstalled: Suite = async (say) => {
  const folder = join(tmpdir(), `siaga-bench-installed-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    say('makes and unpacks the Debian package');
    const launcher = unpackPackage(makePackage(), join(folder, 'root'));
    return [...(await firstReading(folder, launcher)), ...(await atWork(folder, launcher, say))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** From the start of the process to the first reading on its disk, without any network. */
async function firstReading(folder: string, launcher: string): Promise<Row[]> {
  const tty = await openVirtualTty();
  const speaking = virtualGauge({ station, gauge: 'main', sensor, type, tty, clock: systemClock() }).run(() => 2345);
  const startedAtMs = performance.now();
  const agent = startAgentProcess({
    station,
    data: join(folder, 'first'),
    gauges: [{ gauge: 'main', port: tty.path, sensor: sensor.name, maxMm: type.maxMm }],
    pki: folder,
    mqttUrl: null,
    trigger: 'interval',
    launcher,
  });
  await agent.storedAtLeast(1);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await agent.program.stop();
  await speaking.stop();
  await tty.close();
  return [atMost(3, 'first stored reading after the start, no network, a reading a minute', seconds, 's')];
}

/** A sensor at its own rate, a reading a minute, connected over `mqtt`. */
async function atWork(folder: string, launcher: string, say: (progress: string) => void): Promise<Row[]> {
  const catalogue = writeCatalogue(folder, [{ id: station, sensorElevationMm: 5000 }]);
  const platform = await startPlatformProcess({ data: join(folder, 'platform'), catalogue, stations: [station] });
  const tty = await openVirtualTty();
  const speaking = virtualGauge({ station, gauge: 'main', sensor, type, tty, clock: systemClock() }).run(() => 2345);
  const agent = startAgentProcess({
    station,
    data: join(folder, 'work'),
    gauges: [{ gauge: 'main', port: tty.path, sensor: sensor.name, maxMm: type.maxMm }],
    pki: platform.pki,
    mqttUrl: platform.mqttUrl,
    trigger: 'interval',
    launcher,
  });
  await agent.connected();
  say(`lets the installed agent work for ${(settleMs + measureMs) / 1_000} s`);
  await pause(settleMs);
  const { pid } = agent.program;
  const beforeS = cpuSecondsOf(pid);
  const beforeMs = performance.now();
  await pause(measureMs);
  const percent = (100 * (cpuSecondsOf(pid) - beforeS)) / ((performance.now() - beforeMs) / 1_000);
  const megabytes = (residentMiBOf(pid) * 1_048_576) / 1e6;
  await agent.program.stop();
  await speaking.stop();
  await tty.close();
  await platform.program.stop();
  return [
    atMost(80, 'memory (RSS), uplink mqtt', megabytes, 'MB'),
    atMost(2, `processor at ${sensor.rateHz} Hz input, of one core`, percent, '%'),
    figure('of that a second', percent * 10, 'ms'),
  ];
}
