/**
 * A disturbed line: frames of a sensor with one byte in ten at random, and some lost or added, through the real
 * listener (for Modbus: the real library) and the real burst filter. Counts what came out wrong.
 */

import { filterBurst } from '../readings/filter.ts';
import type { Sample, SensorDriver } from '../sensors/driver.ts';
import { createDriver, type GaugeConfig } from '../sensors/index.ts';
import { type Heard, type Listener, listen } from '../sensors/listen.ts';
import { generator } from './generator.ts';
import { withVirtualTime } from './virtual-time.ts';

export type NoisySensor = {
  readonly config: GaugeConfig;
  /** The sensor's bytes for a distance in mm, or for one of its codes. */
  readonly encode: (valueMm: number) => Uint8Array;
  /** What it says for nothing seen, as `encode` takes it. */
  readonly nothingMm: number;
};

export type NoiseTrial = {
  readonly frames: number;
  readonly bursts: number;
  /** Published as a distance. */
  readonly seen: number;
  /** Refused as garbled: flag 4, no value. */
  readonly refused: number;
  /** Published with a median further off than the simulated noise, or as another kind than the truth. */
  readonly wrong: number;
  readonly bytesIn: number;
  readonly discardedBytes: number;
  /** Bytes in, less those of frames, discarded ones and those that wait: 0 when every byte is accounted for. */
  readonly unaccountedBytes: number;
  readonly badFrames: number;
};

const pings = 7;
/** The water's ripple: a ping lies this far from the truth at most, plus half of the sensor's own step. */
const rippleMm = 5;
const replacedShare = 0.1;
const lostShare = 0.01;
const addedShare = 0.01;

export async function noiseTrial(sensor: NoisySensor, frames: number, seed: number): Promise<NoiseTrial> {
  const driver = createDriver(sensor.config);
  const chance = generator(seed);
  const water = simulatedWater(driver, sensor, chance);
  const tally = { bursts: 0, seen: 0, refused: 0, wrong: 0 };
  let heard: Heard[] = [];

  const judgeBurst = (): void => {
    const sum = (of: 'bytes' | 'badFrames' | 'discardedBytes') => heard.reduce((all, one) => all + one[of], 0);
    const samples = heard.flatMap(({ decoded }) =>
      decoded.flatMap((one) => (one.kind === 'sample' ? [one.sample] : [])),
    );
    const activity = { bytes: sum('bytes'), badFrames: sum('badFrames'), discardedBytes: sum('discardedBytes') };
    const outcome = filterBurst({ observedAtMs: 0, monoMs: 0, samples, ...activity }, driver, pings).heard;
    tally.bursts++;
    if (outcome.kind === 'seen') tally.seen++;
    if (outcome.kind === 'garbled' || outcome.kind === 'silent') tally.refused++;
    else if (!water.agrees(outcome)) tally.wrong++;
    heard = [];
    water.next();
  };

  let bytesIn = 0;
  const noisy = (): Uint8Array => {
    const bytes = disturbed(water.frame(), chance);
    bytesIn += bytes.length;
    return bytes;
  };
  const run = { driver, frames, noisy, onHeard: (one: Heard) => heard.push(one), judgeBurst };
  const listener = await (driver.dialogue.kind === 'speaks' ? speak(run) : answer(run));
  const { badFrames, discardedBytes, frames: good } = listener.counts();
  // Refusals, of which Modbus has shorter frames, cannot come by chance: their CRC would have to fit.
  const frameBytes = good * sensor.encode(1000).length;
  const unaccountedBytes = bytesIn - frameBytes - discardedBytes - listener.pendingBytes();
  return { frames, ...tally, bytesIn, discardedBytes, unaccountedBytes, badFrames };
}

type Run = {
  readonly driver: SensorDriver;
  readonly frames: number;
  noisy(): Uint8Array;
  onHeard(heard: Heard): void;
  judgeBurst(): void;
};

async function speak({ driver, frames, noisy, onHeard, judgeBurst }: Run): Promise<Listener> {
  const listener = listen(driver, { state: () => 'open', write: async () => undefined }, onHeard);
  for (let i = 1; i <= frames; i++) {
    listener.push(noisy());
    if (i % pings === 0) judgeBurst();
  }
  return listener;
}

/** For a sensor that is asked, by the byte or by the library, in simulated time. */
async function answer({ driver, frames, noisy, onHeard, judgeBurst }: Run): Promise<Listener> {
  // Loaded beforehand: simulated time would not wait for the disk.
  await import('modbus-serial');
  return withVirtualTime(async (next) => {
    let asked = 0;
    const line = {
      state: () => 'open' as const,
      async write() {
        asked++;
        listener.push(noisy());
      },
    };
    const listener = listen(driver, line, onHeard);
    for (let judged = 0; judged < frames; ) {
      await next();
      // One more question ends the burst: by then the last one is answered or given up.
      if (asked - judged <= pings) continue;
      judged = asked - 1;
      judgeBurst();
    }
    listener.close();
    return listener;
  });
}

type Water = {
  frame(): Uint8Array;
  next(): void;
  agrees(outcome: { kind: string; distanceMm?: number }): boolean;
};

/** Now at any distance in the sensor's range, now out of its sight, now inside its blanking distance. */
function simulatedWater(driver: SensorDriver, { encode, nothingMm }: NoisySensor, chance: () => number): Water {
  const { minMm, maxMm, blankingMm, resolutionMm = 1 } = driver;
  const marginMm = rippleMm + 2 * resolutionMm;
  const offMm = rippleMm + resolutionMm / 2;
  let echo: Sample['echo'] = 'seen';
  let trueMm = 0;
  const water: Water = {
    frame() {
      if (echo === 'none') return encode(nothingMm);
      if (echo === 'blanking') return encode(blankingMm);
      return encode(trueMm + Math.round((2 * chance() - 1) * rippleMm));
    },
    next() {
      const dice = chance();
      echo = dice < 0.1 ? 'none' : dice < 0.2 ? 'blanking' : 'seen';
      trueMm = Math.round(minMm + marginMm + chance() * (maxMm - minMm - 2 * marginMm));
    },
    agrees: ({ kind, distanceMm = 0 }) =>
      kind === echo && (kind !== 'seen' || Math.abs(distanceMm - trueMm) <= Math.ceil(offMm)),
  };
  water.next();
  return water;
}

function disturbed(frame: Uint8Array, chance: () => number): Uint8Array {
  const bytes: number[] = [];
  for (const byte of frame) {
    if (chance() < addedShare) bytes.push(Math.floor(chance() * 256));
    if (chance() < lostShare) continue;
    bytes.push(chance() < replacedShare ? Math.floor(chance() * 256) : byte);
  }
  return Uint8Array.from(bytes);
}
