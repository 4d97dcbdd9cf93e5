/** Damage to an outbox's folder as a power cut does it, and worse. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A number in [0, below). */
export type Chance = (below: number) => number;

/**
 * What a power cut may do: of what was never synced, anything; of the rest nothing. `syncedBytes`: how long the
 * stream's log was when a reading became durable last.
 */
export function tearUnsynced(folder: string, stream: string, syncedBytes: number, chance: Chance): void {
  const segments = segmentsIn(join(folder, stream));
  const path = segments.at(-1);
  if (path) {
    const unsynced = segments.reduce((sum, name) => sum + statSync(name).size, 0) - syncedBytes;
    const bytes = readFileSync(path);
    const whole = bytes.length - Math.min(bytes.length, Math.max(0, unsynced));
    // Killed between two appends: then a piece of the next had come.
    const tail = unsynced > 0 ? bytes.subarray(whole) : bytes.subarray(-70, -1 - chance(69));
    writeFileSync(path, Buffer.concat([bytes.subarray(0, whole), spoilt(tail, chance)]));
  }
  const unsyncedFiles = [join(stream, 'cursor.hint'), join(stream, 'cursor.json.tmp'), 'stream.tmp', 'ballast', 'LOCK'];
  spoilFile(join(folder, unsyncedFiles[chance(unsyncedFiles.length)] ?? 'LOCK'), chance);
}

/** Worse: any byte of any file. */
export function spoilAnything(folder: string, chance: Chance): void {
  if (!existsSync(folder)) return;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
  const path = files[chance(files.length)];
  if (path) spoilFile(path, chance);
}

function spoilFile(path: string, chance: Chance): void {
  if (existsSync(path)) writeFileSync(path, spoilt(readFileSync(path), chance));
}

/** Cut, garbled, zero-filled from some byte on, or emptied. */
function spoilt(bytes: Buffer, chance: Chance): Buffer {
  const at = chance(bytes.length + 1);
  switch (chance(4)) {
    case 0:
      return bytes.subarray(0, at);
    case 1: {
      const garbled = Buffer.from(bytes);
      for (let i = at; i < Math.min(bytes.length, at + 1 + chance(40)); i++) garbled[i] = chance(256);
      return garbled;
    }
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length - at)]);
    default:
      return chance(4) === 0 ? Buffer.alloc(0) : bytes.subarray(0, Math.max(0, bytes.length - 1 - chance(20)));
  }
}

function segmentsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(folder, name));
}
