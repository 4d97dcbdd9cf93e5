/** What the tests of the outbox on disk share: folders that are gone afterwards, filling, settling. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { aDraft } from '../testing/builders.ts';
import { type FileOutboxOptions, openFileOutbox } from './file.ts';
import type { Outbox } from './outbox.ts';

/** Gives a new path at each call. */
export function newFolders(name: string): () => string {
  const root = mkdtempSync(join(tmpdir(), `siaga-${name}-`));
  let folders = 0;
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return () => join(root, String(++folders));
}

/** Small segments: a handful of readings each. */
export const openSmall = (folder: string, over: Partial<FileOutboxOptions> = {}) =>
  openFileOutbox({ folder, segmentBytes: 2048, ...over });

/** Readings a minute apart, each with a distance of its own, the first at the given one. */
export async function fill(outbox: Outbox, count: number, from = 0): Promise<void> {
  for (let i = from; i < from + count; i++) await outbox.append(aMinute(i));
}

export function aMinute(i: number, over: Parameters<typeof aDraft>[0] = {}) {
  const observedAtMs = Date.UTC(2014, 0, 30) + i * 60_000;
  return aDraft({ ...over, reading: { distanceMm: i, observedAtMs, ...over.reading } });
}

export const settle = (outbox: Outbox, from: number, to: number) =>
  outbox.settle({ stream: outbox.state().stream, settled: [[from, to]], how: 'add', storeId: 's' });

export const segmentsOf = (folder: string, stream: string) =>
  readdirSync(join(folder, stream))
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(folder, stream, name));
