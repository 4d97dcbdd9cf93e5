/** A machine laid out in a folder: its clocks are turned by the test, its files are written as a kernel would. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TimeSources } from '../time/signs.ts';

export type TestMachine = TimeSources & {
  /** Lets both clocks run on. */
  pass(ms: number): void;
  /** Sets the wall clock alone, to ms UTC. */
  setWall(ms: number): void;
  /** Begins a new boot: the monotonic clock starts again, what lies in /run is gone. */
  reboot(wallMs: number): void;
  /** A time server has set the clock: systemd-timesyncd's flag, touched as of now. */
  flagSynced(): void;
  write(path: string, text: string): void;
  remove(): void;
};

/** Its clocks stand still but for `pass`; `runs: true` makes them run with the real ones. */
export function createTestMachine(wallMs: number, { runs = false } = {}): TestMachine {
  const root = mkdtempSync(join(tmpdir(), 'siaga-machine-'));
  const realMs = () => (runs ? performance.now() : 0);
  let wallOffsetMs = wallMs - realMs();
  let monoOffsetMs = 20_000 - realMs();
  let touches = 0;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const flag = 'run/systemd/timesync/synchronized';
  return {
    root,
    wallMs: () => Math.round(wallOffsetMs + realMs()),
    monoMs: () => monoOffsetMs + realMs(),
    askTimeService: async () => false,
    pass(ms) {
      wallOffsetMs += ms;
      monoOffsetMs += ms;
    },
    setWall(ms) {
      wallOffsetMs = ms - realMs();
    },
    reboot(ms) {
      wallOffsetMs = ms - realMs();
      monoOffsetMs = 20_000 - realMs();
      rmSync(join(root, 'run'), { recursive: true, force: true });
    },
    flagSynced() {
      write(flag, '');
      utimesSync(join(root, flag), ++touches, touches);
    },
    write,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
