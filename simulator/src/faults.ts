import { prngOf } from './prng.ts';

/**
 * One way in which a gauge misbehaves. Each part is optional: `sample` changes or swallows (null) a
 * distance before it is framed, `bytes` changes a frame on the wire, `plugged` says whether the line is
 * there at a time. Every fault keeps its own seeded chance, so runs repeat whatever else is composed.
 */
export type Fault = {
  readonly name: string;
  sample?(distanceMm: number, atMs: number): number | null;
  bytes?(frame: Uint8Array): Uint8Array;
  plugged?(atMs: number): boolean;
};

/** Several faults as one, applied from left to right. */
export function composed(faults: readonly Fault[]): Fault {
  return {
    name: faults.map((fault) => fault.name).join('+') || 'none',
    sample: (distanceMm, atMs) =>
      faults.reduce<number | null>(
        (value, fault) => (value === null || fault.sample === undefined ? value : fault.sample(value, atMs)),
        distanceMm,
      ),
    bytes: (frame) => faults.reduce((bytes, fault) => fault.bytes?.(bytes) ?? bytes, frame),
    plugged: (atMs) => faults.every((fault) => fault.plugged?.(atMs) ?? true),
  };
}

/** Normal noise with a standard deviation of `sdMm`. */
export function noise(sdMm: number, seed: string): Fault {
  const chance = prngOf(`noise ${seed}`);
  return { name: 'noise', sample: (distanceMm) => distanceMm + sdMm * chance.normal() };
}

/** A `share` (0–1) of samples is off by up to `sizeMm` either way: a floating log, a passing bird. */
export function spikes(share: number, sizeMm: number, seed: string): Fault {
  const chance = prngOf(`spikes ${seed}`);
  return {
    name: 'spikes',
    sample: (distanceMm) => (chance.next() < share ? distanceMm + (2 * chance.next() - 1) * sizeMm : distanceMm),
  };
}

/** A `share` (0–1) of samples never comes. */
export function dropouts(share: number, seed: string): Fault {
  const chance = prngOf(`dropouts ${seed}`);
  return { name: 'dropouts', sample: (distanceMm) => (chance.next() < share ? null : distanceMm) };
}

/** From `fromMs` until `toMs` (clock's time) the sensor repeats the last distance it had seen before. */
export function stuck(fromMs: number, toMs: number): Fault {
  let heldMm: number | undefined;
  return {
    name: 'stuck',
    sample(distanceMm, atMs) {
      if (atMs >= fromMs && atMs < toMs) {
        heldMm ??= distanceMm;
        return heldMm;
      }
      heldMm = distanceMm;
      return distanceMm;
    },
  };
}

/** A `share` (0–1) of frames loses its end after a random byte: a loose connector. */
export function tornFrames(share: number, seed: string): Fault {
  const chance = prngOf(`torn ${seed}`);
  return {
    name: 'torn',
    bytes: (frame) => (chance.next() < share ? frame.subarray(0, 1 + chance.below(frame.length - 1)) : frame),
  };
}

/** A `share` (0–1) of bytes is replaced by a random one: a noisy line. */
export function randomBytes(share: number, seed: string): Fault {
  const chance = prngOf(`bytes ${seed}`);
  return {
    name: 'bytes',
    bytes: (frame) => frame.map((byte) => (chance.next() < share ? chance.below(256) : byte)),
  };
}

/** Unplugged from `fromMs` until `toMs` (clock's time), then plugged in again. */
export function unplugged(fromMs: number, toMs: number): Fault {
  return { name: 'unplugged', plugged: (atMs) => atMs < fromMs || atMs >= toMs };
}
