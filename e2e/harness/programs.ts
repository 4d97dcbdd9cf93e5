import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { root } from './folders.ts';

export type LogLine = Record<string, unknown> & { msg?: string };

/** One of our programs as a user would run it: its own process, its log lines, its end. */
export type Program = {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Every JSON line of standard output so far. */
  readonly lines: LogLine[];
  /** What it complained of on standard error. */
  complaints(): string;
  /** Calls back with every later line, too. */
  onLine(listener: (line: LogLine) => void): void;
  /** Resolves with the first line, past or to come, that fits; rejects when the program ends before, or after 3 min. */
  line(fits: (line: LogLine) => boolean): Promise<LogLine>;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then waits for the end; SIGKILL after 15 s. */
  stop(): Promise<number | string>;
};

const scripts = {
  siaga: join(root, 'cloud/src/main.ts'),
  'siaga-agent': join(root, 'firmware-host/src/main.ts'),
  'siaga-sim': join(root, 'simulator/src/main.ts'),
};
/** How long a line is waited for. */
const patienceMs = 180_000;

/** Programs start twice as fast with it; flows start them by the hundred. */
const compileCache = join(root, 'node_modules/.cache/siaga-compile');

export type ProgramName = keyof typeof scripts;

export function startProgram(name: ProgramName, args: readonly string[], env: Record<string, string> = {}): Program {
  return startCommand(name, process.execPath, [scripts[name], ...args], env);
}

/** Any program that logs JSON lines, under a name for complaints. */
export function startCommand(
  name: string,
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Program {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...withoutOurPtys()],
  }) as ChildProcessByStdio<null, Readable, Readable>;
  const lines: LogLine[] = [];
  const listeners: ((line: LogLine) => void)[] = [];
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parseLine(text);
    lines.push(line);
    for (const listener of listeners) listener(line);
  });
  const exited = new Promise<number | string>((done) =>
    child.on('close', (code, signal) => done(code ?? signal ?? -1)),
  );
  const kill = (signal: NodeJS.Signals) => void child.kill(signal);
  return {
    pid: child.pid ?? -1,
    child,
    lines,
    complaints: () => complaints,
    onLine: (listener) => void listeners.push(listener),
    line(fits) {
      const past = lines.find(fits);
      if (past) return Promise.resolve(past);
      return new Promise((resolve, reject) => {
        const said = () => `${complaints.slice(-2000)} ${lines.slice(-5).map((line) => JSON.stringify(line))}`;
        const impatience = setTimeout(() => reject(new Error(`${name}: the line never came: ${said()}`)), patienceMs);
        listeners.push((line) => {
          if (!fits(line)) return;
          clearTimeout(impatience);
          resolve(line);
        });
        void exited.then((code) => {
          clearTimeout(impatience);
          reject(new Error(`${name} ended (${code}) before the line came: ${said()}`));
        });
      });
    },
    exited,
    kill,
    async stop() {
      kill('SIGTERM');
      const impatience = setTimeout(() => kill('SIGKILL'), 15_000);
      const code = await exited;
      clearTimeout(impatience);
      return code;
    },
  };
}

/**
 * The pty library opens its masters so that every child inherits them, and a line whose master lives on in
 * another process cannot be hung up. In the child these descriptors get /dev/null instead.
 */
function withoutOurPtys(): (number | 'ignore')[] {
  const ours = existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd') : [];
  const masters = ours.map(Number).filter(isPtyMaster);
  if (masters.length === 0) return [];
  nothing ??= openSync('/dev/null', 'r+');
  const first = 3;
  const given: (number | 'ignore')[] = Array(Math.max(...masters) - first + 1).fill('ignore');
  for (const fd of masters) given[fd - first] = nothing;
  return given;
}
let nothing: number | undefined;

function isPtyMaster(fd: number): boolean {
  try {
    return fd > 2 && readlinkSync(`/proc/self/fd/${fd}`).endsWith('/ptmx');
  } catch {
    return false;
  }
}

/** Runs a program to its end; throws with its complaint unless it exits with 0. */
export function runProgram(name: ProgramName, args: readonly string[], env: Record<string, string> = {}): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [scripts[name], ...args], {
    cwd: root,
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...env },
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  if (status !== 0) throw new Error(`${name} ${args.join(' ')} exited with ${status}: ${stderr}`);
  return stdout;
}

function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { text };
  }
}
