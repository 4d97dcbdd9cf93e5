import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The platform's program. Another program to us: it is started, never imported. */
const defaultProgram = fileURLToPath(new URL('../../../cloud/src/main.ts', import.meta.url));

const startTimeoutMs = 30_000;
const stopTimeoutMs = 15_000;
const lastLines = 20;

export type Platform = {
  readonly httpUrl: string;
  readonly mqttUrl: string;
  /** Asks it to stop and waits; kills it if it will not. */
  stop(): Promise<void>;
};

export type PlatformOptions = {
  readonly dataDir: string;
  readonly pkiDir: string;
  readonly catalogue: string;
  /** `SIAGA_CLOCK`'s text. */
  readonly clock: string;
  readonly httpPort: number;
  readonly program?: string;
};

/** Makes a throw-away certificate authority with a server's and one station's certificate. */
export async function makePki(dir: string, station: string, program = defaultProgram): Promise<void> {
  const run = promisify(execFile);
  for (const args of [['init'], ['server'], ['device', station]])
    await run(process.execPath, [program, 'pki', ...args, '--dir', dir]);
}

/** Starts `siaga serve` and resolves when both of its servers listen. Throws with its last words when it does not come up. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const child = spawn(process.execPath, [options.program ?? defaultProgram, 'serve'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      SIAGA_HOST: '127.0.0.1',
      SIAGA_HTTP_PORT: String(options.httpPort),
      SIAGA_MQTT_PORT: '0',
      SIAGA_DATA: options.dataDir,
      SIAGA_PKI: options.pkiDir,
      SIAGA_CATALOGUE: options.catalogue,
      SIAGA_CLOCK: options.clock,
      SIAGA_LOG: 'info',
    },
  });
  const exited = once(child, 'exit');
  const said: string[] = [];
  const heard = (line: string) => {
    said.push(line);
    if (said.length > lastLines) said.shift();
  };
  createInterface({ input: child.stderr }).on('line', heard);
  const urls = new Promise<{ httpUrl: string; mqttUrl: string }>((found) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      heard(line);
      const listening = listeningOf(line);
      if (listening !== undefined) found(listening);
    });
  });
  const failed = exited.then(() => {
    throw new Error(`the platform did not start:\n${said.join('\n')}`);
  });
  const late = afterMs(startTimeoutMs);
  try {
    const { httpUrl, mqttUrl } = await Promise.race([urls, failed, late.promise]);
    failed.catch(() => {});
    return { httpUrl, mqttUrl, stop: () => ended(child, exited) };
  } catch (error) {
    await ended(child, exited);
    throw error;
  } finally {
    late.cancel();
  }
}

/** The line that says where the servers listen. */
function listeningOf(line: string): { httpUrl: string; mqttUrl: string } | undefined {
  if (!line.includes('"listening"')) return undefined;
  try {
    const { msg, httpUrl, mqttUrl } = JSON.parse(line) as Record<string, unknown>;
    if (msg === 'listening' && typeof httpUrl === 'string' && typeof mqttUrl === 'string') return { httpUrl, mqttUrl };
  } catch {
    // Not a log line: somebody else's words on stdout.
  }
  return undefined;
}

async function ended(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    const stubborn = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await exited;
    clearTimeout(stubborn);
  }
}

function afterMs(ms: number): { promise: Promise<never>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new Error('the platform did not say within 30 s that it listens')), ms);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}
