/** The outbox alone with a year in it: bytes on the disk, start, memory, drain; and what a quiet day costs the card. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aDraft, type Outbox, openFileOutbox, smallVolume } from '@siaga/firmware-host/testing';
import { atMost, figure, type Row, type Suite } from '../report.ts';

const minutesAYear = 525_600;
const minutesADay = 1_440;
const atOnce = 1_000;
const megabyte = 1e6;

const minute = (i: number) =>
  aDraft({
    monoMs: 86_400_000 + i * 60_000.25,
    reading: { observedAtMs: Date.UTC(2026, 0, 1) + i * 60_000, distanceMm: 2_000 + (i % 700), spreadMm: i % 5 },
  });

export const benchYear: Suite = async (say) => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-year-'));
  try {
    say('stores a year of readings');
    const bytes = await storeAYear(join(folder, 'year'));
    say('starts with it');
    const empty = inOwnProcess('start', join(folder, 'empty'));
    const year = inOwnProcess('start', join(folder, 'year'));
    const offline = inOwnProcess('offline', join(folder, 'offline'));
    say('drains it');
    const drained = await drain(join(folder, 'year'));
    say('lives through a quiet day');
    const day = await quietDay(join(folder, 'day'));
    return [
      atMost(110, 'outbox: bytes on the disk a reading, a year at one a minute', bytes / minutesAYear, 'B'),
      figure('outbox: a year on the disk', bytes / megabyte, 'MB'),
      atMost(3, 'outbox: process start to first stored reading, a year on the disk', year.sinceStartMs / 1_000, 's'),
      figure('outbox: the same with an empty one', empty.sinceStartMs / 1_000, 's'),
      figure('outbox: RSS of a year’s outbox above an empty one’s', year.after - empty.after, 'MB'),
      atMost(5, 'outbox: RSS after 30 days offline, above that before', offline.after - offline.opened, 'MB'),
      figure('outbox: a year leased by 1000 and settled', drained.seconds, 's'),
      atMost(2, 'outbox: bytes read to drain it, for each on the disk', drained.bytesRead / bytes, '×'),
      ...day,
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

async function storeAYear(folder: string): Promise<number> {
  const outbox = await openFileOutbox({ folder });
  for (let i = 0; i < minutesAYear; i += atOnce) {
    const group = Array.from({ length: Math.min(atOnce, minutesAYear - i) }, (_, k) => outbox.append(minute(i + k)));
    await Promise.all(group);
  }
  await outbox.close();
  return bytesUnder(folder);
}

type Told = { sinceStartMs: number; before: number; opened: number; after: number };

function inOwnProcess(what: 'start' | 'offline', folder: string): Told {
  const program = fileURLToPath(new URL('./outbox-year.process.ts', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, ['--expose-gc', program, what, folder], { encoding: 'utf8' }));
}

async function drain(folder: string): Promise<{ seconds: number; bytesRead: number }> {
  const volume = smallVolume();
  const outbox = await openFileOutbox({ folder, files: volume.files });
  const beganMs = performance.now();
  for (;;) {
    const { unsettled, stream } = outbox.state();
    const leased = await outbox.lease(unsettled, atOnce);
    const [first, last] = [leased[0]?.reading.seq, leased.at(-1)?.reading.seq];
    if (first === undefined || last === undefined) break;
    await outbox.settle({ stream, settled: [[first, last]], how: 'add', storeId: 'bench' });
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  await outbox.close();
  return { seconds, bytesRead: volume.counts().bytesRead };
}

/** 1,440 readings one by one, each sent and settled; syncs counted, and what the kernel says was written. */
async function quietDay(folder: string): Promise<Row[]> {
  const volume = smallVolume(Number.POSITIVE_INFINITY, { realSyncs: true });
  const outbox = await openFileOutbox({ folder, files: volume.files, hintEverySeqs: 15 });
  await send(outbox, 0);
  const [before, written] = [volume.counts(), writtenBytes()];
  for (let i = 1; i <= minutesADay; i++) await send(outbox, i);
  const syncs = volume.counts().syncs - before.syncs;
  const bytes = writtenBytes() - written;
  const bytesAReading = outbox.state().bytes / (minutesADay + 1);
  await outbox.close();
  // A segment's end costs the sync of its folder; a day when the oldest goes, the cursor's two.
  const daysASegment = (256 * 1_024) / bytesAReading / minutesADay;
  return [
    atMost(minutesADay, 'outbox: syncs in a quiet day, one reading a minute', syncs, ''),
    figure('outbox: more syncs on the day that a segment ends and the oldest goes', 3, ''),
    figure('outbox: days between two of those', daysASegment, 'd'),
    atMost(20, 'outbox: written in a quiet day (pages that the kernel wrote)', bytes / megabyte, 'MB'),
  ];
}

async function send(outbox: Outbox, i: number): Promise<void> {
  const { reading, stream } = await outbox.append(minute(i));
  await outbox.settle({ stream, settled: [[1, reading.seq]], how: 'add', storeId: 'bench' });
}

function writtenBytes(): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? Number.NaN);
}

function bytesUnder(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}
