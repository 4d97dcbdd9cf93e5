import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clockToText } from '@siaga/protocol';
import { stringify } from 'yaml';
import { type LogLine, type Program, startCommand, startProgram } from './programs.ts';

export type AgentSettings = {
  readonly station: string;
  /** Outbox and state. */
  readonly data: string;
  readonly gauges: readonly { gauge: string; port: string; sensor: string; maxMm: number }[];
  readonly pki: string;
  /** Null stores only. */
  readonly mqttUrl: string | null;
  /** `mqtt` without. */
  readonly uplink?: 'mqtt' | 'aws-iot';
  /** Folder of `ca.crt`, `device.crt` and `device.key`; what the platform's folder holds for the station without. */
  readonly credentials?: string;
  /** The section `provision`. */
  readonly provision?: object;
  /** Further sections, as the file has them. */
  readonly sections?: object;
  /** `burst`, every `intervalS` = 60 s, 7 pings, without. */
  readonly trigger?: 'interval' | 'burst';
  readonly intervalS?: number;
  readonly pings?: number;
  /** `SIAGA_CLOCK` text; without, the machine's time, taken for right. Null: the machine's time, with all doubts about it. */
  readonly clock?: string | null;
  /** Environment beside these. */
  readonly env?: Readonly<Record<string, string>>;
  /** An installed agent's launcher; the checkout's own agent without. */
  readonly launcher?: string;
};

/** A reading that the agent said to be on its disk. */
export type StoredLine = {
  readonly stream: string;
  readonly seq: number;
  readonly observedAtMs: number;
  readonly distanceMm: number | null;
};

export type AgentProcess = {
  readonly program: Program;
  /** Every reading it has said to be on its disk so far. */
  readonly stored: readonly StoredLine[];
  /** Resolves when `count` readings are on its disk. */
  storedAtLeast(count: number): Promise<void>;
  /** Resolves when it has its serial line open: what is written before is flushed by its opening. */
  lineOpen(): Promise<unknown>;
  /** Resolves when it has connected that often. */
  connected(times?: number): Promise<unknown>;
};

/** The machine's own time, beyond doubt. */
const machineClock = clockToText(0, 0, 1);

/** Writes a configuration and runs `siaga-agent run` with it. The serial ports need not be there yet. */
export function startAgentProcess(settings: AgentSettings): AgentProcess {
  const args = ['run', '--config', writeAgentConfig(settings)];
  const { clock = machineClock } = settings;
  const env = { SIAGA_LOG: 'debug', ...(clock === null ? {} : { SIAGA_CLOCK: clock }), ...settings.env };
  const { launcher } = settings;
  const program = launcher ? startCommand('siaga-agent', launcher, args, env) : startProgram('siaga-agent', args, env);
  const stored: StoredLine[] = [];
  program.onLine((line) => {
    if (isStored(line)) stored.push(line);
  });
  return {
    program,
    stored,
    async storedAtLeast(count) {
      await program.line((line) => isStored(line) && stored.length >= count);
    },
    lineOpen: () => program.line(({ msg, link }) => msg === 'gauge' && link === 'open'),
    connected: (times = 1) => program.line(({ msg }) => msg === 'connected' && connections(program) >= times),
  };
}

/** Writes the settings of an agent; the path of the file. */
export function writeAgentConfig(settings: AgentSettings): string {
  const { station, data, gauges, pki, mqttUrl, trigger = 'burst', intervalS = 60, pings = 7 } = settings;
  const { credentials: device = join(pki, 'devices', station), provision } = settings;
  mkdirSync(data, { recursive: true });
  const path = `${data}.yaml`;
  const uplink = {
    kind: settings.uplink ?? 'mqtt',
    url: mqttUrl,
    ca: join(device, 'ca.crt'),
    cert: join(device, 'device.crt'),
    key: join(device, 'device.key'),
    // Tests break links all the time: what is tried is what follows, not the waiting.
    retryMostS: 1,
  };
  const sampling = { intervalS, pings, trigger };
  const sections = { station, data, sampling, gauges, uplink: mqttUrl === null ? null : uplink };
  writeFileSync(path, stringify({ ...sections, ...(provision ? { provision } : {}), ...settings.sections }));
  return path;
}

function isStored(line: LogLine): line is LogLine & StoredLine {
  return line.msg === 'stored';
}

/** How often it has connected so far. */
export function connections(program: Program): number {
  return program.lines.filter(({ msg }) => msg === 'connected').length;
}
