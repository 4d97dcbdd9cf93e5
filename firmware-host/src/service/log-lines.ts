/**
 * Where the running agent's log lines go. A log must never be the reason why a gauge falls silent: pino's own
 * destination waits within the event loop, for ever, for a disk that is full or a reader that has stopped. This one
 * writes beside the loop, keeps a bounded number of bytes waiting, and counts what it drops.
 */
import { write, writeSync } from 'node:fs';
import { systemCodeOf } from '../errors.ts';
import { monotonicMs } from '../wait.ts';

export type LogLines = {
  /** Takes a line with its end; returns at once. */
  write(line: string): void;
  /** The last that can be done when the program ends: one attempt to write what waits. */
  flush(): void;
  /** Lines dropped so far. */
  dropped(): number;
};

const mostWaitingBytes = 1 << 18;
const againMs = 1_000;
/** A write that takes longer has a reader who stopped: the end does not wait for him. */
const promptMs = 1_000;

export function logLinesTo(fd: number): LogLines {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let underWaySinceMs: number | null = null;
  let dropped = 0;
  let untold = 0;
  let readerGone = false;

  const take = (): Buffer => {
    const all = Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    return all;
  };

  const pump = (bytes: Buffer): void => {
    underWaySinceMs = monotonicMs();
    write(fd, bytes, 0, bytes.length, null, (error, count) => {
      if (systemCodeOf(error) === 'EPIPE') {
        readerGone = true;
        return;
      }
      const rest = error ? bytes : bytes.subarray(count);
      if (error) {
        setTimeout(pump, againMs, rest).unref();
        return;
      }
      if (rest.length > 0) return pump(rest);
      underWaySinceMs = null;
      if (untold > 0) {
        const note = { level: 40, time: Date.now(), lines: untold, msg: 'log lines dropped: nobody took them' };
        untold = 0;
        waiting.push(Buffer.from(`${JSON.stringify(note)}\n`));
      }
      if (waiting.length > 0) pump(take());
    });
  };

  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (readerGone || waitingBytes + bytes.length > mostWaitingBytes) {
        dropped++;
        untold++;
        return;
      }
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (underWaySinceMs === null) pump(take());
    },
    flush() {
      if (readerGone || (underWaySinceMs !== null && monotonicMs() - underWaySinceMs > promptMs)) return;
      try {
        writeSync(fd, take());
      } catch {
        // A log that cannot be written is no reason to end otherwise.
      }
    },
    dropped: () => dropped,
  };
}
