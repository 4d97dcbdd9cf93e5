/**
 * Fetches an update and makes sure of it: the bundle for this kind of machine, whole, with the hash that the
 * platform stated over the authenticated link, able to start here and to read this station's settings.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { agentError, messageOf } from '../errors.ts';

const run = promisify(execFile);
const mostBytes = 200 << 20;
/** A bundle, packed and unpacked, is 170 MB; the readings beside it need room too. */
const leastFreeBytes = 400 << 20;
const fetchMs = 30 * 60_000;
const silenceMs = 60_000;
const unpackMs = 10 * 60_000;

export type Update = {
  readonly version: string;
  readonly sha256: string;
  /** Folder of the server, ends with `/`. */
  readonly from: string;
  readonly ca: string | undefined;
  /** Where versions lie. */
  readonly folder: string;
  /** The settings that it must understand. */
  readonly configPath: string;
  /** Room for this user under a folder; the disk is asked if not given. */
  readonly freeBytes?: (folder: string) => Promise<number>;
};

/** Name of the bundle of a version for this machine. */
export function bundleName(version: string): string {
  return `siaga-agent-${version}-linux-${process.arch}`;
}

/** Puts the version whole into its own folder. Rejects with `update-failed`, in words that name what was wrong. */
export async function fetchUpdate(update: Update): Promise<void> {
  const { folder, version } = update;
  const archive = join(folder, 'incoming.tar.gz');
  const unpacked = join(folder, 'incoming');
  await mkdir(folder, { recursive: true, mode: 0o750 });
  try {
    await makeSureOfRoom(update);
    await download(update, archive);
    await rm(unpacked, { recursive: true, force: true });
    await mkdir(unpacked);
    await run('tar', ['-xzf', archive, '-C', unpacked, '--strip-components=1', '--no-same-owner'], {
      timeout: unpackMs,
    });
    await tryOut(unpacked, update);
    await rm(join(folder, version), { recursive: true, force: true });
    await rename(unpacked, join(folder, version));
  } catch (error) {
    await rm(unpacked, { recursive: true, force: true });
    throw agentError('update-failed', messageOf(error), error);
  } finally {
    await rm(archive, { force: true });
  }
}

/** A disk that an update fills takes no more readings, and has sent ones deleted to make room. */
async function makeSureOfRoom({ folder, freeBytes = freeBytesUnder }: Update): Promise<void> {
  const free = await freeBytes(folder);
  if (free < leastFreeBytes)
    throw new Error(`${folder} has ${free >> 20} MB free, an update needs ${leastFreeBytes >> 20}: make room there`);
}

async function freeBytesUnder(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function download({ version, sha256, from, ca }: Update, archive: string): Promise<void> {
  const url = new URL(`${bundleName(version)}.tar.gz`, from);
  const body = await open(url, ca === undefined ? undefined : await readFile(ca));
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(
    body,
    async function* counted(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > mostBytes) throw new Error(`${url} is larger than ${mostBytes >> 20} MB`);
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(archive, { mode: 0o600, flush: true }),
    { signal: AbortSignal.timeout(fetchMs) },
  );
  const found = hash.digest('hex');
  if (found !== sha256) throw new Error(`${url} has the SHA-256 ${found}, not the ${sha256} that was announced`);
}

/** No redirects: the settings name the one server that is trusted. */
function open(url: URL, ca: Buffer | undefined): Promise<Readable> {
  const agent = new Agent({ ...(ca ? { ca } : {}), minVersion: 'TLSv1.2' });
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout: silenceMs }, (response) => {
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      reject(new Error(`${url} answers with status ${response.statusCode}`));
    });
    request.once('timeout', () => request.destroy(new Error(`${url} was silent for ${silenceMs / 1_000} s`)));
    request.once('error', (error) => reject(new Error(`cannot fetch ${url}: ${error.message}`)));
  });
}

/** Starts it beside us: it must run on this machine, be what it says it is, and read our settings. */
async function tryOut(unpacked: string, { version, configPath }: Update): Promise<void> {
  const node = join(unpacked, 'bin', 'node');
  const main = join(unpacked, 'app', 'main.mjs');
  const options = { timeout: 60_000, env: process.env };
  const { stdout } = await run(node, [main, '--version'], options).catch((error) => {
    throw new Error(`the update does not start here: ${wordsOf(error)}`);
  });
  if (stdout.trim() !== version) throw new Error(`the update calls itself ${stdout.trim()}, not ${version}`);
  await run(node, [main, 'config', 'check', '--config', configPath], options).catch((error) => {
    // A variable that sets nothing is worth a warning, and no reason to stay behind.
    if (error.code === 1 && /: sound$/m.test(error.stdout)) return;
    throw new Error(`the update cannot read this station's settings: ${wordsOf(error)}`);
  });
}

type Failed = {
  readonly stderr?: string;
  readonly stdout?: string;
  readonly code?: unknown;
  readonly signal?: unknown;
};

/** What a program that failed said; its command line would push that out of an outcome's 200 letters. */
function wordsOf({ stderr = '', stdout = '', code, signal }: Failed): string {
  const lines = `${stderr}\n${stdout}`.split('\n').filter((line) => line.trim() !== '');
  const thrown = lines.find((line) => /^\w*Error\b/.test(line));
  if (lines.length > 0) return thrown ?? lines.slice(0, 3).join('; ');
  return signal ? `it was ended by ${signal}` : `it ends with ${code}`;
}
