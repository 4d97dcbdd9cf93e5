import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Remembers up to when a station's readings are stored, so that the next start goes on from there. */
export type Bookmark = {
  /** `observedAtMs` of the newest stored reading; undefined when none is known. */
  readonly at: () => number | undefined;
  move(observedAtMs: number): void;
  close(): void;
};

/** Ms UTC always have this many digits until the year 2286, so one write in place is never torn. */
const digits = 13;

/**
 * Opens a bookmark, made where there is none. It survives a killed process but is not synced: losing it
 * in a power cut only lets the next start play some minutes twice, as readings of their own.
 */
export function openBookmark(file: string): Bookmark {
  const fd = openSync(file, 'a+');
  closeSync(fd);
  const text = readFileSync(file, 'latin1').trim();
  let atMs = /^\d{13}$/.test(text) ? Number(text) : undefined;
  const out = openSync(file, 'r+');
  return {
    at: () => atMs,
    move(observedAtMs) {
      if (atMs !== undefined && observedAtMs <= atMs) return;
      atMs = observedAtMs;
      writeSync(out, String(observedAtMs).padStart(digits, '0'), 0, 'latin1');
    },
    close: () => closeSync(out),
  };
}
