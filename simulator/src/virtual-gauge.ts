import { type Clock, realMs } from '@siaga/protocol';
import { composed, type Fault } from './faults.ts';
import type { Ledger } from './ledger.ts';
import { type Ear, type SensorType, type SimulatedSensor, seenMm, whyNoBursts } from './sensors.ts';
import type { VirtualTty } from './virtual-tty.ts';

/** The shortest timer worth setting; a fast clock puts several samples into one tick. */
const minTickMs = 4;
/** Samples that a late tick still sends; what is older than that is gone, as with a real sensor. */
const maxCatchUp = 32;
/** How often a gauge that waits for questions looks whether a fault unplugs it. */
const plugLookMs = 100;

export type VirtualGaugeOptions = {
  readonly station: string;
  readonly gauge: string;
  readonly sensor: SimulatedSensor;
  readonly type: SensorType;
  readonly tty: VirtualTty;
  readonly clock: Clock;
  readonly faults?: readonly Fault[];
  readonly ledger?: Ledger;
  /** Keep each frame's bytes in the ledger. */
  readonly keepBytes?: boolean;
};

/** What a burst did. `realMs` is the real time (ms UTC, with fractions) at which the kernel had its last byte. */
export type BurstDone = { readonly burst: number; readonly frames: number; readonly realMs: number };

/** A sensor that is not there: it writes the model's exact frames to a tty. */
export type VirtualGauge = {
  /** Writes `pings` frames of one distance at once, as a sensor that is woken. Resolves when the kernel has the last byte. */
  burst(distanceMm: number, pings?: number): Promise<BurstDone>;
  /**
   * Samples `distanceAt` (clock's time → mm) until stopped: at the sensor's own rate of the clock's time, or
   * whenever it is asked, if it speaks only then.
   */
  run(distanceAt: (atMs: number) => number): { stop(): Promise<void> };
};

export function virtualGauge(options: VirtualGaugeOptions): VirtualGauge {
  const { station, gauge, sensor, type, tty, clock, ledger, keepBytes = false } = options;
  const fault = composed(options.faults ?? []);
  let bursts = 0;

  /** The bytes of one sample, or undefined for a dropout. */
  function frameOf(distanceMm: number, atMs: number): Uint8Array | undefined {
    const sampleMm = fault.sample?.(distanceMm, atMs) ?? null;
    if (sampleMm === null) return undefined;
    const frame = sensor.encode(seenMm(type, sampleMm));
    return fault.bytes?.(frame) ?? frame;
  }

  async function write(burst: number | null, distanceMm: number, pings: number, atMs: number): Promise<BurstDone> {
    await followPlug(atMs);
    const frames = Array.from({ length: pings }, () => frameOf(distanceMm, atMs)).filter(
      (frame) => frame !== undefined,
    );
    return hand(burst, distanceMm, frames, atMs);
  }

  /** Gives the kernel some frames, and the ledger a line of them. */
  async function hand(
    burst: number | null,
    distanceMm: number,
    frames: readonly Uint8Array[],
    atMs: number,
  ): Promise<BurstDone> {
    const bytes = Buffer.concat(frames);
    if (bytes.length > 0) await tty.write(bytes);
    const handedOverMs = performance.timeOrigin + performance.now();
    ledger?.add({
      station,
      gauge,
      atMs,
      realMs: handedOverMs,
      burst,
      distanceMm: Math.round(distanceMm),
      frames: frames.length,
      ...(keepBytes ? { hex: bytes.toString('hex') } : {}),
      fault: fault.name,
    });
    return { burst: burst ?? 0, frames: frames.length, realMs: handedOverMs };
  }

  /** Brings the line into the state that the faults ask for. */
  async function followPlug(atMs: number): Promise<void> {
    if (options.faults?.some((each) => each.plugged !== undefined) !== true) return;
    await (fault.plugged?.(atMs) === false ? tty.hangUp() : tty.plug());
  }

  /** Answers what it is asked. A fast clock changes nothing: the agent asks in real time. */
  function answerQuestions(ear: Ear, distanceAt: (atMs: number) => number): { stop(): Promise<void> } {
    let answering: Promise<void> = Promise.resolve();
    let stopped = false;
    tty.onBytes((bytes) => {
      if (stopped) return;
      const atMs = clock.now();
      const distanceMm = distanceAt(atMs);
      const see = () => {
        const sampleMm = fault.sample?.(distanceMm, atMs) ?? null;
        return sampleMm === null ? null : seenMm(type, sampleMm);
      };
      const frames = ear(bytes, see).map((frame) => fault.bytes?.(frame) ?? frame);
      if (frames.length > 0) answering = hand(null, distanceMm, frames, atMs).then(() => undefined);
    });
    const plugging = setInterval(() => {
      answering = answering.then(() => followPlug(clock.now()));
    }, plugLookMs);
    return {
      async stop() {
        stopped = true;
        clearInterval(plugging);
        await answering;
      },
    };
  }

  return {
    async burst(distanceMm, pings = 7) {
      const why = whyNoBursts(sensor);
      if (why !== undefined) throw new Error(why);
      bursts += 1;
      return write(bursts, distanceMm, pings, clock.now());
    },
    run(distanceAt) {
      if (sensor.ear) return answerQuestions(sensor.ear(), distanceAt);
      const periodMs = 1000 / sensor.rateHz;
      let nextMs = clock.now();
      let timer: NodeJS.Timeout | undefined;
      let stopped = false;
      let ticking: Promise<void> = Promise.resolve();

      async function tick(): Promise<void> {
        const nowMs = clock.now();
        nextMs = Math.max(nextMs, nowMs - maxCatchUp * periodMs);
        for (; nextMs <= nowMs && !stopped; nextMs += periodMs)
          await write(null, distanceAt(nextMs), 1, Math.round(nextMs));
        if (!stopped) schedule();
      }
      function schedule(): void {
        timer = setTimeout(
          () => {
            ticking = tick();
          },
          Math.max(minTickMs, realMs(clock, nextMs - clock.now())),
        );
      }
      schedule();
      return {
        async stop() {
          stopped = true;
          clearTimeout(timer);
          await ticking;
        },
      };
    },
  };
}
