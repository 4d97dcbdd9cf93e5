/**
 * An adapter that is pulled out and put back a hundred times under the real agent: the kernel hangs its tty up
 * (TIOCVHANGUP, as a USB disconnect does), its device node goes, and another comes under the same stable link.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@siaga/protocol';
import { openVirtualTty, sensorNamed, virtualGauge } from '@siaga/simulator';
import { type AgentProcess, startAgentProcess } from '../../harness/agent.ts';
import { eventually } from '../../harness/eventually.ts';
import { atMost, figure, type Suite } from '../report.ts';
import { percentile } from '../statistics.ts';
import { cpuSecondsOf, residentMiBOf } from '../walk/process-use.ts';

const station = 'katulampa';
const sensor = sensorNamed('maxbotix-hrxl-wr');
const [type] = sensor.types;
const times = 100;
/** Memory is compared with that of an agent that has been unplugged this often: by then everything is loaded. */
const warmTimes = 10;
const quietMs = 20_000;
/** How long the adapter stays out after it was missed: here the known fault of the serial library eats a processor. */
const outMs = 500;

export const benchUnplug: Suite = async (say) => {
  const folder = join(tmpdir(), `siaga-bench-unplug-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const port = join(folder, 'port');
  const plug = () => plugIn(port);
  let plugged = await plug();
  const agent = startAgentProcess({
    station,
    data: join(folder, 'data'),
    gauges: [{ gauge: 'main', port, sensor: sensor.name, maxMm: type.maxMm }],
    pki: folder,
    mqttUrl: null,
    trigger: 'interval',
    intervalS: 1,
    pings: 3,
  });
  try {
    await agent.storedAtLeast(3);
    say('measures the agent at rest');
    const atRest = await coresOver(agent, quietMs);
    const flaggedS: number[] = [];
    const recoveredS: number[] = [];
    let warmMiB = 0;
    say(`pulls the adapter out and puts it back ${times} times`);
    const [beganMs, beganCpu] = [performance.now(), cpuSecondsOf(agent.program.pid)];
    for (let i = 0; i < times; i++) {
      if (i === warmTimes) warmMiB = residentMiBOf(agent.program.pid);
      flaggedS.push(await unplug(agent, plugged.path, port));
      await plugged.close();
      await pause(outMs);
      const stored = valuesOf(agent);
      const pluggedMs = performance.now();
      plugged = await plug();
      await eventually('a value after the replug', () => valuesOf(agent) > stored, { everyMs: 10 });
      recoveredS.push((performance.now() - pluggedMs) / 1_000);
    }
    const cores = (cpuSecondsOf(agent.program.pid) - beganCpu) / ((performance.now() - beganMs) / 1_000);
    const grownMiB = residentMiBOf(agent.program.pid) - warmMiB;
    say('measures the agent at rest again');
    const after = await coresOver(agent, quietMs);
    return [
      atMost(5, `unplugged ${times} times: flagged, slowest`, Math.max(...flaggedS), 's'),
      atMost(5, 'a value on the disk after the replug, slowest', Math.max(...recoveredS), 's'),
      figure('a value on the disk after the replug, half of them within', percentile(recoveredS, 0.5), 's'),
      figure('processor at rest, before', 100 * atRest, '% of a core'),
      figure('processor while it is unplugged and replugged', 100 * cores, '% of a core'),
      atMost(2, 'processor at rest, after, beyond before', 100 * (after - atRest), '% of a core'),
      figure(`memory after ${warmTimes} times`, warmMiB, 'MiB'),
      atMost(5, `memory after ${times} times, beyond that`, grownMiB, 'MiB'),
    ];
  } finally {
    await agent.program.stop();
    await plugged.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** A sensor behind the stable link. */
async function plugIn(port: string) {
  const tty = await openVirtualTty();
  symlinkSync(tty.path, `${port}.new`);
  renameSync(`${port}.new`, port);
  const speaking = virtualGauge({ station, gauge: 'main', sensor, type, tty, clock: systemClock() }).run(() => 2_345);
  return {
    path: tty.path,
    async close() {
      await speaking.stop();
      await tty.close();
    },
  };
}

/** Seconds until the agent says that the line is closed. */
async function unplug(agent: AgentProcess, device: string, port: string): Promise<number> {
  const closings = () => agent.program.lines.filter(({ msg }) => msg?.startsWith('serial line closed')).length;
  const before = closings();
  const beganMs = performance.now();
  unlinkSync(port);
  // Perl is part of every Debian; Node has no ioctl. 0x5437 is TIOCVHANGUP, which only root may.
  execFileSync('perl', ['-e', 'sysopen(F, $ARGV[0], 0402) or die $!; ioctl(F, 0x5437, 0) or die $!', device]);
  await eventually('the closed line is told', () => closings() > before, { everyMs: 5 });
  return (performance.now() - beganMs) / 1_000;
}

function valuesOf({ stored }: AgentProcess): number {
  return stored.filter(({ distanceMm }) => distanceMm !== null).length;
}

async function coresOver({ program: { pid } }: AgentProcess, ms: number): Promise<number> {
  const before = cpuSecondsOf(pid);
  await pause(ms);
  return (cpuSecondsOf(pid) - before) / (ms / 1_000);
}
