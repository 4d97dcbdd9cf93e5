import { closeSync, constants, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A plain reader of a tty for tests: what the kernel has, without any serial library. */
export type TestReader = {
  /** The next `count` bytes; fewer when they do not come within 2 s. */
  take(count: number): Promise<Buffer>;
  /** Resolves with true when the line has hung up, false when it has not within 2 s. */
  hungUp(): Promise<boolean>;
  close(): void;
};

export function openReader(path: string): TestReader {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const chunk = Buffer.alloc(65_536);
  /** Bytes read; -1 when there are none yet. 0 is a hang-up. */
  function readSome(most: number): number {
    try {
      return readSync(fd, chunk, 0, Math.min(most, chunk.length), null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') return -1;
      if (code === 'EIO') return 0;
      throw error;
    }
  }
  return {
    async take(count) {
      const parts: Buffer[] = [];
      let missing = count;
      for (const deadline = Date.now() + 2000; missing > 0 && Date.now() < deadline; ) {
        const got = readSome(missing);
        if (got > 0) {
          parts.push(Buffer.from(chunk.subarray(0, got)));
          missing -= got;
        } else await sleep(2);
      }
      return Buffer.concat(parts);
    },
    async hungUp() {
      for (const deadline = Date.now() + 2000; Date.now() < deadline; await sleep(2))
        if (readSome(1) === 0) return true;
      return false;
    },
    close: () => closeSync(fd),
  };
}
