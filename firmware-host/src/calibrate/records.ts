/** The records of all calibrations made with this device, in `<data>/calibrations`: added to, never changed. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Calibration, refused } from '@siaga/protocol';
import { messageOf } from '../errors.ts';
import { makeFolder, writeDurably } from '../outbox/durable.ts';
import { type ReadRecord, readRecord, recordHash, type SignedRecord } from './record.ts';

/** As many as `about` may tell. */
const mostTold = 64;

export type KeptRecords = {
  /** Oldest first. */
  readonly records: readonly ReadRecord[];
  /** Files that are no records, with the reason. */
  readonly faults: readonly string[];
};

function calibrationsFolder(data: string): string {
  return join(data, 'calibrations');
}

/** Adds a record; gives its path. Rejects, in words that name the field, when it could not be read again. */
export async function addRecord(data: string, record: SignedRecord, atMs: number): Promise<string> {
  const text = `${JSON.stringify(record)}\n`;
  const read = readRecord(text);
  if (!read.ok) throw new Error(`the record is not kept, for it could not be read again: ${read.reason}`);
  const folder = calibrationsFolder(data);
  await makeFolder(folder);
  const stamp = new Date(atMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const path = join(folder, `${stamp}-${recordHash(record).slice(0, 8)}.json`);
  await writeDurably(path, text);
  return path;
}

export async function readRecords(data: string): Promise<KeptRecords> {
  const folder = calibrationsFolder(data);
  const names = await readdir(folder).catch(() => [] as string[]);
  const records: ReadRecord[] = [];
  const faults: string[] = [];
  for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
    const read = await readFile(join(folder, name), 'utf8').then(readRecord, (error) => refused(messageOf(error)));
    if (!read.ok) faults.push(`${name}: ${read.reason}`);
    else if (read.value.signed === 'broken') faults.push(`${name}: its signature does not fit; it is not told`);
    else records.push(read.value);
  }
  return { records, faults };
}

/** What `about` tells: the calibrations with the names of their records, the newest ones. */
export function calibrationsToTell({ records }: Pick<KeptRecords, 'records'>): Calibration[] {
  return records.slice(-mostTold).map(({ body, hash }) => ({ ...body.calibration, record: hash }));
}
