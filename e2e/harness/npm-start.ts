import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { root } from './folders.ts';

/** `npm start`, as a person runs it in a terminal: a process group of its own. */
export type NpmStart = {
  readonly child: ChildProcess;
  /** What it said so far, on both outputs. */
  said(): string;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Ctrl-C: the terminal sends SIGINT to every process of the group. */
  interrupt(): void;
};

export function npmStart(env: Readonly<Record<string, string>>): NpmStart {
  const child = spawn('npm', ['start'], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk;
    });
  const exited = new Promise<number | string>((done) =>
    child.on('close', (code, signal) => done(code ?? signal ?? -1)),
  );
  return {
    child,
    said: () => said,
    exited,
    interrupt: () => void process.kill(-(child.pid ?? 0), 'SIGINT'),
  };
}

/** Ids of all processes, but this one, that name `text` in their command line or environment. */
export function processesNaming(text: string): number[] {
  const ids = readdirSync('/proc')
    .map(Number)
    .filter((id) => Number.isInteger(id) && id !== process.pid);
  return ids.filter((id) => ['cmdline', 'environ'].some((file) => textOf(`/proc/${id}/${file}`).includes(text)));
}

/** Nothing where the process has ended meanwhile. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((done) => server.once('listening', done))));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
