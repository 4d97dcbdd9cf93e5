/**
 * What the log does not say: what is settled, by which store, and the highest number ever given. Two copies:
 *
 *   cursor.json   by temp file, fsync and rename: seldom
 *   cursor.hint   overwritten without a sync: more often, and whole unless the power fails within seconds
 *
 * Each carries a checksum and rises in `saved`; the newest whole one counts. An older one only makes the agent
 * send again what the cloud recognises.
 */
import { join } from 'node:path';
import { parserOf, type StreamId } from '@siaga/protocol';
import { Type } from 'typebox';
import { crc32c } from './crc32c.ts';
import { type Files, readIfGiven, replaceFile, writeAll } from './files.ts';
import type { Ledger } from './ledger.ts';

const Ranges = Type.Array(Type.Tuple([Type.Integer({ minimum: 1 }), Type.Integer({ minimum: 1 })]));
const known = {
  lastSeq: Type.Integer({ minimum: 0 }),
  settled: Ranges,
  storeId: Type.Union([Type.String(), Type.Null()]),
  doubtFrom: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
};
const strict = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });
const parseCursor = parserOf(Type.Object({ ...known, saved: Count, mint: Count, holes: Count, crc: Count }, strict));
/** Of agents before version 2 of the log. */
const parseOldCursor = parserOf(Type.Object({ ...known, lost: Ranges }, strict));

export type Cursor = Pick<Ledger, 'lastSeq' | 'settled' | 'storeId' | 'holes'> & {
  readonly doubtFrom: number | null;
  /** Rises with every save. */
  readonly saved: number;
  /** How many streams of this folder came before this one. */
  readonly mint: number;
};

export function cursorOf(ledger: Ledger, saved: number, mint: number): Cursor {
  const { lastSeq, settled, storeId, holes, doubt } = ledger;
  return { lastSeq, settled, storeId, holes, doubtFrom: doubt?.fromSeq ?? null, saved, mint };
}

/** The newest whole copy in a stream's folder, null where there is none. */
export async function readCursor(files: Files, folder: string): Promise<Cursor | null> {
  const copies = [
    await cursorAt(files, join(folder, 'cursor.json')),
    await cursorAt(files, join(folder, 'cursor.hint')),
  ];
  const whole = copies.filter((cursor) => cursor !== null).sort((a, b) => b.saved - a.saved);
  return whole[0] ?? null;
}

export async function writeCursor(files: Files, folder: string, cursor: Cursor): Promise<void> {
  await replaceFile(files, join(folder, 'cursor.json'), encodeCursor(cursor));
}

/** Without a sync: torn by a power cut within the next seconds it is no cursor, and `cursor.json` counts. */
export async function writeHint(files: Files, folder: string, cursor: Cursor): Promise<void> {
  const file = await files.open(join(folder, 'cursor.hint'), 'new');
  try {
    await writeAll(file, encodeCursor(cursor), 0);
  } finally {
    await file.close();
  }
}

function encodeCursor(cursor: Cursor): Buffer {
  return Buffer.from(`${JSON.stringify({ ...cursor, crc: checksumOf(cursor) })}\n`);
}

async function cursorAt(files: Files, path: string): Promise<Cursor | null> {
  const content = jsonOf(await readIfGiven(files, path));
  const cursor = parseCursor(content);
  if (cursor.ok) {
    const { crc, ...rest } = cursor.value;
    return crc === checksumOf(rest) ? rest : null;
  }
  const old = parseOldCursor(content);
  if (!old.ok) return null;
  const { lost: _, ...rest } = old.value;
  return { ...rest, holes: 0, saved: 0, mint: 0 };
}

function checksumOf({ lastSeq, settled, storeId, holes, doubtFrom, saved, mint }: Cursor): number {
  const text = JSON.stringify([lastSeq, settled, storeId, holes, doubtFrom, saved, mint]);
  return crc32c(Buffer.from(text));
}

const parseStreamFile = parserOf(Type.Object({ stream: Type.String() }));

/** The stream that the file `stream` names, null where it says nothing of use. */
export async function readStreamFile(files: Files, folder: string): Promise<string | null> {
  const named = parseStreamFile(jsonOf(await readIfGiven(files, join(folder, 'stream'))));
  return named.ok ? named.value.stream : null;
}

export async function writeStreamFile(files: Files, folder: string, stream: StreamId): Promise<void> {
  await replaceFile(files, join(folder, 'stream'), Buffer.from(`${JSON.stringify({ stream })}\n`));
}

function jsonOf(bytes: Buffer | null): unknown {
  try {
    return JSON.parse(bytes?.toString() ?? '');
  } catch {
    return null;
  }
}
