import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { clockToText, isStationId, type Parsed, scaledClock } from '@siaga/protocol';
import type { Logger } from 'pino';
import { sensorNamed } from '../sensors.ts';
import { parseRecord, type Row } from './csv.ts';
import { cataloguedInstrument, type Instrument, madeInstrument } from './instrument.ts';
import { type Pace, paceOf } from './pace.ts';
import { makePki, startPlatform } from './platform.ts';
import { playRows } from './play.ts';
import { readingsOf } from './returned.ts';
import { judged, type Verdict } from './verdict.ts';

/** Real time given to the platform to come up before the first row's moment. */
const headStartMs = 3000;

export type ReplayOptions = {
  readonly file: string;
  readonly station: string;
  readonly log: Logger;
  /** Clock ms a real ms; chosen by `paceOf` when not given. */
  readonly speed?: number;
  readonly noiseMm?: number;
  readonly sensor?: string;
  readonly catalogue?: string;
  /** Kept when given; it must be empty. A temporary folder otherwise. */
  readonly dataDir?: string;
  readonly httpPort?: number;
  /** Play only the first rows. */
  readonly rows?: number;
  /** Ends the replay early. */
  readonly signal?: AbortSignal;
  /** Progress in words. */
  say(line: string): void;
  /** Called with the verdict while the platform still runs; it stops when this resolves. */
  onVerdict(verdict: Verdict, httpUrl: string): Promise<void>;
};

/**
 * Plays a recorded gauge through a tty, a real agent and a real platform, all under clocks of one speed,
 * and compares what the platform then serves with the record. Each row's burst is sent when the clock
 * has reached the row's time, and is stamped with exactly that. Throws one clear sentence when it cannot.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  const { file, station, say } = options;
  if (!isStationId(station)) throw new Error(`--station: "${station}" is not a station id ([a-z0-9][a-z0-9-]{1,62})`);
  const rows = orThrow(parseRecord(await textOf(file)), file).slice(0, options.rows);
  const instrument = await instrumentFor(rows, options);
  const pace = paceOf(rows, options.speed);
  say(paceSentence(rows.length, pace));
  const folder = await folderFor(options.dataDir);
  try {
    await replayIn(folder, rows, instrument, pace, options);
  } finally {
    if (options.dataDir === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function replayIn(
  folder: string,
  rows: readonly Row[],
  instrument: Instrument,
  pace: Pace,
  options: ReplayOptions,
): Promise<void> {
  const { station, say } = options;
  const pkiDir = join(folder, 'pki');
  await makePki(pkiDir, station);
  const catalogue = await catalogueFile(folder, instrument);
  const [realAtMs, firstMs] = [Date.now() + headStartMs, (rows[0] as Row).atMs];
  const platform = await startPlatform({
    dataDir: join(folder, 'platform'),
    pkiDir,
    catalogue,
    clock: clockToText(realAtMs, firstMs, pace.speed),
    httpPort: options.httpPort ?? 0,
  });
  try {
    say(`The platform shows it at ${platform.httpUrl}`);
    const clock = scaledClock(realAtMs, firstMs, pace.speed);
    const { log, noiseMm = 0, signal } = options;
    await playRows(rows, instrument, {
      folder,
      station,
      pace,
      clock,
      mqttUrl: platform.mqttUrl,
      log,
      noiseMm,
      signal,
      say,
    });
    if (options.signal?.aborted) throw new Error('stopped before the end of the record');
    const returned = await readingsOf(platform.httpUrl, station, firstMs - 1, (rows.at(-1) as Row).atMs + 1);
    await options.onVerdict(judged(rows, returned), platform.httpUrl);
  } finally {
    await platform.stop();
  }
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`${file} cannot be read`, { cause });
  });
}

async function instrumentFor(rows: readonly Row[], options: ReplayOptions): Promise<Instrument> {
  const sensor = options.sensor === undefined ? undefined : sensorNamed(options.sensor);
  return orThrow(
    options.catalogue === undefined
      ? madeInstrument(rows, options.station, sensor)
      : await cataloguedInstrument(rows, options.station, options.catalogue, sensor),
    options.file,
  );
}

async function catalogueFile(folder: string, { catalogue }: Instrument): Promise<string> {
  if ('file' in catalogue) return resolve(catalogue.file);
  const file = join(folder, 'siaga.yaml');
  await writeFile(file, catalogue.text);
  return file;
}

/** The folder to work in. One that holds something is refused: a second replay into it would store every row twice. */
async function folderFor(asked: string | undefined): Promise<string> {
  if (asked === undefined) return mkdtemp(join(tmpdir(), 'siaga-replay-'));
  await mkdir(asked, { recursive: true });
  if ((await readdir(asked)).length > 0)
    throw new Error(`--data: ${asked} is not empty; a replay needs a folder of its own`);
  return resolve(asked);
}

function paceSentence(count: number, { speed, longestGapRealMs, totalRealMs }: Pace): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return `${count} rows at ${Math.round(speed)} times real time: about ${seconds(totalRealMs)}; the longest gap lasts ${seconds(longestGapRealMs)}`;
}

function orThrow<T>(outcome: Parsed<T>, file: string): T {
  if (outcome.ok) return outcome.value;
  throw new Error(outcome.reason.startsWith(file) ? outcome.reason : `${file}: ${outcome.reason}`);
}
