/**
 * What the tests remember of a gauge, over restarts: a sensor that has been stuck for twenty hours is not forgiven
 * because the power failed. One small file, written seldom and without a sync: to lose the last minutes of it
 * costs minutes of a test that counts in hours.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parserOf } from '@siaga/protocol';
import { Type } from 'typebox';
import { messageOf, systemCodeOf } from '../errors.ts';
import { monotonicMs } from '../wait.ts';
import { type QcState, qcUnknown } from './qc/fold.ts';

export type QcMemory = {
  /** What was saved last; unknown when nothing was, or nothing that can be read. */
  load(): QcState;
  /** To be called at every reading; writes every ten minutes. */
  save(state: QcState): void;
  /** Writes what has not been written yet. */
  close(): void;
};

const everyMs = 600_000;
const Point = Type.Union([Type.Object({ atMs: Type.Number(), distanceMm: Type.Number() }), Type.Null()]);
const parse = parserOf(
  Type.Object({
    trusted: Point,
    doubted: Point,
    flat: Type.Union([
      Type.Object({
        rawMm: Type.Number(),
        spreadMm: Type.Union([Type.Number(), Type.Null()]),
        atMs: Type.Number(),
        heldMs: Type.Number({ minimum: 0 }),
      }),
      Type.Null(),
    ]),
  }),
);

/** For a gauge without a disk. */
export const noMemory: QcMemory = { load: () => qcUnknown, save: () => undefined, close: () => undefined };

/** `warn` is told, once in a run, that the file cannot be read or written: the gauge measures on without. */
export function openQcMemory(
  path: string,
  { warn, nowMs = monotonicMs }: { warn(message: string): void; nowMs?: () => number },
): QcMemory {
  let savedAtMs = nowMs();
  let unsaved: QcState | null = null;
  let warned = false;
  const complain = (error: unknown): void => {
    if (!warned) warn(`the tests' memory ${path}: ${messageOf(error)}`);
    warned = true;
  };
  const write = (): void => {
    if (unsaved === null) return;
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.new`, JSON.stringify(unsaved));
      renameSync(`${path}.new`, path);
    } catch (error) {
      complain(error);
    }
    unsaved = null;
    savedAtMs = nowMs();
  };
  return {
    load() {
      try {
        const state = parse(JSON.parse(readFileSync(path, 'utf8')));
        if (!state.ok) complain(state.reason);
        return state.ok ? state.value : qcUnknown;
      } catch (error) {
        if (systemCodeOf(error) !== 'ENOENT') complain(error);
        return qcUnknown;
      }
    },
    save(state) {
      unsaved = state;
      if (nowMs() - savedAtMs >= everyMs) write();
    },
    close: write,
  };
}
