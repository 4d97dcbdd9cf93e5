import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { percentile } from '../statistics.ts';

export type DiskLimit = { readonly perS: number; readonly p50Ms: number; readonly p99Ms: number };

const pageBytes = 4096;

/** The disk's own limit: appends of 4 KiB, each made durable by `fdatasync`, one after the other. */
export function measureDisk(folder: string, forMs: number): DiskLimit {
  const fd = openSync(join(folder, 'fdatasync.bin'), 'a');
  const page = Buffer.alloc(pageBytes, 0x5a);
  const tookMs: number[] = [];
  try {
    const endMs = performance.now() + forMs;
    for (let beganMs = performance.now(); beganMs < endMs; ) {
      writeSync(fd, page);
      fdatasyncSync(fd);
      const nowMs = performance.now();
      tookMs.push(nowMs - beganMs);
      beganMs = nowMs;
    }
  } finally {
    closeSync(fd);
  }
  const totalMs = tookMs.reduce((sum, took) => sum + took, 0);
  return {
    perS: (tookMs.length * 1000) / totalMs,
    p50Ms: percentile(tookMs, 0.5),
    p99Ms: percentile(tookMs, 0.99),
  };
}
