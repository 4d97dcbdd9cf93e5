import {
  type ClockState,
  clockStates,
  type Echo,
  echoes,
  type Flag,
  type QcTest,
  qcTests,
  type Reading,
} from '@siaga/protocol';

/** Length of a UTC day, the unit in which a station's readings are kept together. */
export const dayMs = 86_400_000;

export function dayOf(atMs: number): number {
  return Math.floor(atMs / dayMs);
}

/** The hours of whole days, both as counted since 1970. */
export function hoursOfDays([from, to]: readonly [from: number, to: number]): readonly [from: number, to: number] {
  return [from * 24, to * 24 + 23];
}

/** What a run says once for its readings; gauge and boot as numbers of the store's word list. */
export type RunHead = {
  readonly gaugeNo: number;
  readonly bootNo: number;
  readonly intervalS: number;
  readonly maintenance: boolean;
};

/** The second adds the correction's column: a run without one is as it always was. */
const [plain, corrected] = [1, 2];

/*
 * Body of a run. All numbers are varints (7 bits a byte, low ones first), signed ones zigzag:
 *   version, gaugeNo, bootNo, intervalS * 2 + maintenance
 *   times:     first as ms of its day, then differences of differences
 *   distances: 0 for null, else 1 + zigzag(difference from the last that was not null)
 *   state, valid, spread, temperature: 0 and one value for all, or 1 and one value each;
 *     state = echo | flag << 4 | clock << 8 | test << 12; spread and temperature 0 for null, else 1 + zigzag
 *   under version 2 one more such column: correction, zigzag
 */

let scratch = new Uint8Array(1 << 16);

/** Bytes of consecutive readings of one UTC day. They live in a shared buffer until the next call. */
export function encodeRun(head: RunHead, readings: readonly Reading[]): Uint8Array {
  const worst = 64 + readings.length * 64;
  if (scratch.length < worst) scratch = new Uint8Array(worst * 2);
  let at = 0;
  const bytes = scratch;
  const put = (value: number) => {
    let rest = value;
    while (rest >= 0x80000000) {
      bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      bytes[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[at++] = rest;
  };
  const putColumn = (codeOf: (reading: Reading) => number) => {
    const first = codeOf(readings[0] as Reading);
    if (readings.every((reading) => codeOf(reading) === first)) {
      put(0);
      put(first);
    } else {
      put(1);
      for (const reading of readings) put(codeOf(reading));
    }
  };

  const isCorrected = readings.some(({ correctionMm = 0 }) => correctionMm !== 0);
  put(isCorrected ? corrected : plain);
  put(head.gaugeNo);
  put(head.bootNo);
  put(head.intervalS * 2 + (head.maintenance ? 1 : 0));
  let previousMs = dayOf((readings[0] as Reading).observedAtMs) * dayMs;
  let step = 0;
  for (const [i, { observedAtMs }] of readings.entries()) {
    put(zigzag(observedAtMs - previousMs - step));
    step = i === 0 ? 0 : observedAtMs - previousMs;
    previousMs = observedAtMs;
  }
  let previousMm = 0;
  for (const { distanceMm } of readings) {
    if (distanceMm === null) put(0);
    else {
      put(1 + zigzag(distanceMm - previousMm));
      previousMm = distanceMm;
    }
  }
  putColumn(stateOf);
  putColumn(({ validPercent }) => validPercent);
  putColumn(({ spreadMm }) => nullable(spreadMm));
  putColumn(({ temperatureDeciC }) => nullable(temperatureDeciC));
  if (isCorrected) putColumn(({ correctionMm = 0 }) => zigzag(correctionMm));
  return bytes.subarray(0, at);
}

/** Reads the body of a run of `count` readings from `firstSeq` on, of UTC day `day`. Throws on a body it does not know. */
export function decodeRun(
  body: Uint8Array,
  day: number,
  firstSeq: number,
  count: number,
): { head: RunHead; readings: Reading[] } {
  let at = 0;
  const take = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = body[at++];
      if (byte === undefined) throw new Error('run body ends early');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  const takeColumn = (): ((i: number) => number) => {
    if (take() === 0) {
      const value = take();
      return () => value;
    }
    const values = Array.from({ length: count }, take);
    return (i) => values[i] as number;
  };

  const found = take();
  if (found !== plain && found !== corrected)
    throw new Error(`run body has version ${found}, this program reads versions up to ${corrected}`);
  const gaugeNo = take();
  const bootNo = take();
  const packed = take();
  const head = { gaugeNo, bootNo, intervalS: Math.floor(packed / 2), maintenance: packed % 2 === 1 };
  let atMs = day * dayMs;
  let step = 0;
  const times = Array.from({ length: count }, (_, i) => {
    const difference = unzigzag(take()) + step;
    step = i === 0 ? 0 : difference;
    atMs += difference;
    return atMs;
  });
  let previousMm = 0;
  const distances = Array.from({ length: count }, () => {
    const code = take();
    if (code === 0) return null;
    previousMm += unzigzag(code - 1);
    return previousMm;
  });
  const state = takeColumn();
  const valid = takeColumn();
  const spread = takeColumn();
  const temperature = takeColumn();
  const correction = found === corrected ? takeColumn() : () => 0;
  const readings = times.map((observedAtMs, i): Reading => {
    const bits = state(i);
    const correctionMm = unzigzag(correction(i));
    return {
      seq: firstSeq + i,
      observedAtMs,
      distanceMm: distances[i] as number | null,
      echo: echoes[bits & 15] as Echo,
      spreadMm: fromNullable(spread(i)),
      validPercent: valid(i),
      temperatureDeciC: fromNullable(temperature(i)),
      ...(correctionMm === 0 ? {} : { correctionMm }),
      flag: ((bits >> 4) & 15) as Flag,
      test: qcTests[bits >> 12] as QcTest,
      clock: clockStates[(bits >> 8) & 15] as ClockState,
    };
  });
  return { head, readings };
}

function stateOf(reading: Reading): number {
  const echo = echoes.indexOf(reading.echo);
  const clock = clockStates.indexOf(reading.clock);
  return echo | (reading.flag << 4) | (clock << 8) | (qcTests.indexOf(reading.test) << 12);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(code: number): number {
  return code % 2 === 0 ? code / 2 : -(code + 1) / 2;
}

function nullable(value: number | null): number {
  return value === null ? 0 : 1 + zigzag(value);
}

function fromNullable(code: number): number | null {
  return code === 0 ? null : unzigzag(code - 1);
}
