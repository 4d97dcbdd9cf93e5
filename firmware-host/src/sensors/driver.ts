/**
 * What a sensor's bytes mean. A driver is one file with its test cases and one line in `index.ts`; it
 * exports its name, its settings' schema and how it is made.
 */

import { GaugeId } from '@siaga/protocol';
import { type TProperties, Type } from 'typebox';
import { FilePath } from '../config/section.ts';
import { gaugeQuality } from '../readings/config.ts';
import type { FrameRule } from '../serial/framer.ts';
import type { SerialLink } from '../serial/link.ts';

/** One ping's outcome. Only `seen` carries a distance, in mm from the sensor's face. */
export type Sample =
  | { readonly echo: 'seen'; readonly distanceMm: number }
  | { readonly echo: 'none' | 'blanking' | 'dead' };

export type Decoded =
  | { readonly kind: 'sample'; readonly sample: Sample }
  /** The sensor told what it is; never data. */
  | { readonly kind: 'identity'; readonly text: string }
  /** Something that a person should see to, in a sentence: settings that do not fit the sensor, a neighbour that disturbs it. */
  | { readonly kind: 'problem'; readonly text: string };

/** How samples come out of a sensor. */
export type Dialogue =
  /** It speaks by itself. */
  | { readonly kind: 'speaks'; readonly frames: FrameRule; decode(frame: Uint8Array): Decoded }
  /** It answers with a frame whenever it is sent `ask`; asked again after `everyMs` real ms, answered or not. */
  | {
      readonly kind: 'asked';
      readonly ask: Uint8Array;
      readonly everyMs: number;
      readonly frames: FrameRule;
      decode(frame: Uint8Array): Decoded;
    }
  /** A bus protocol of a library's: `poll` asks once, and rejects when no answer came or a broken one. */
  | { readonly kind: 'polled'; readonly everyMs: number; open(line: BusLine): Poller };

/** The line as a bus protocol sees it. */
export type BusLine = Pick<SerialLink, 'write'> & {
  /** The one who hears the bytes from now on. */
  listen(onBytes: (bytes: Uint8Array) => void): void;
};

export type Poller = {
  /** Asks once. One call at a time; it always ends, in a bounded time. */
  poll(): Promise<Answer>;
  /** Ends a poll that is under way: it then never answers. */
  close(): void;
};

/** What a poll brought. `bytes`: the length of the frames it came in; what else was on the line is discarded. */
export type Answer = { readonly decoded: readonly Decoded[]; readonly bytes: number };

/** What guards a frame against a disturbed line: nothing, an 8-bit sum (passes 1 in 256), or a 16-bit CRC. */
export type FrameProof = 'none' | 'sum' | 'crc';

export type SensorDriver = {
  readonly baudRate: number;
  /** `none` if not given. */
  readonly parity?: 'none' | 'even';
  /** Nearest and farthest distance the sensor can measure, in mm; beyond is impossible. */
  readonly minMm: number;
  readonly maxMm: number;
  /** What a target inside the blanking distance reads, in mm. */
  readonly blankingMm: number;
  /**
   * What the distance rests on: `sound` at a fixed speed of sound, `sound-compensated` by the sensor's own
   * thermometer, or `radar`, which temperature does not move.
   */
  readonly medium: 'sound' | 'sound-compensated' | 'radar';
  /** The sensor's own scatter between pings over still water, in mm (median absolute deviation). */
  readonly noiseMm: number;
  /** The smallest step of its distances, in mm; 1 if not given. */
  readonly resolutionMm?: number;
  readonly proof: FrameProof;
  readonly dialogue: Dialogue;
};

/** Settings that every gauge has, whatever its sensor. */
const commonGaugeSettings = {
  gauge: Type.String({
    ...GaugeId,
    patternErrorMessage: 'must be lower-case letters, digits and hyphens',
    description: "The gauge's id within its station",
  }),
  port: FilePath({ description: 'Serial device, best a stable link: /dev/serial/by-id/…' }),
  ...gaugeQuality,
};

/** The schema of one sensor's gauge settings: the common ones, its name, and its own. */
export function gaugeSettings<const N extends string, P extends TProperties>(name: N, own: P) {
  return Type.Object({ ...commonGaugeSettings, sensor: Type.Literal(name), ...own }, { additionalProperties: false });
}
