/**
 * Tries a serial line at other speeds, and other sensors' frames on what it gives: for a person who has a sensor
 * on a line and no frames. The line must be free.
 */
import { pause } from '../wait.ts';
import { createFramer, type FrameRule } from './framer.ts';
import { openTty } from './tty.ts';

/** Speeds that sensors are delivered or set to. */
export const commonBauds: readonly number[] = [9_600, 115_200, 19_200, 38_400, 57_600, 4_800, 2_400];

export type Candidate = { readonly sensor: string; readonly frames: FrameRule };

export type Heard = { readonly baudRate: number; readonly bytes: Uint8Array; readonly sensors: readonly string[] };

const leastFrames = 3;
const mostBytes = 4_096;

/** Listens at each speed for `eachMs`; ends early at the first where a sensor is understood. */
export async function sweep(
  path: string,
  candidates: readonly Candidate[],
  bauds: readonly number[],
  eachMs: number,
): Promise<Heard[]> {
  const all: Heard[] = [];
  for (const baudRate of bauds) {
    const bytes = await listenAt(path, baudRate, eachMs);
    const sensors = understood(bytes, candidates);
    all.push({ baudRate, bytes, sensors });
    if (sensors.length > 0) break;
  }
  return all;
}

/** The sensors whose frames make up most of the bytes, best first. Pure. */
function understood(bytes: Uint8Array, candidates: readonly Candidate[]): string[] {
  return candidates
    .map(({ sensor, frames }) => {
      const framer = createFramer(frames);
      const found = framer.push(bytes);
      return {
        sensor,
        frames: found.length,
        share: found.reduce((sum, frame) => sum + frame.length, 0) / bytes.length,
      };
    })
    .filter(({ frames, share }) => frames >= leastFrames && share > 0.5)
    .sort((a, b) => b.share - a.share)
    .map(({ sensor }) => sensor);
}

async function listenAt(path: string, baudRate: number, ms: number): Promise<Uint8Array> {
  const tty = await openTty({ path, baudRate });
  const heard: Uint8Array[] = [];
  let count = 0;
  const reading = tty.read((bytes) => {
    heard.push(bytes);
    count += bytes.length;
  });
  const deadlineMs = performance.now() + ms;
  while (performance.now() < deadlineMs && count < mostBytes) await pause(20);
  await tty.close();
  await reading;
  return Buffer.concat(heard);
}
