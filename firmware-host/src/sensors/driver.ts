/**
 * What a sensor's bytes mean. A driver is one file with its test cases and one line in `index.ts`; it
 * exports its name, its settings' schema and how it is made.
 */

import { GaugeId } from '@siaga/protocol';
import { type TProperties, Type } from 'typebox';
import type { FrameRule } from '../serial/framer.ts';

/** One ping's outcome. Only `seen` carries a distance, in mm from the sensor's face. */
export type Sample =
  | { readonly echo: 'seen'; readonly distanceMm: number }
  | { readonly echo: 'none' | 'blanking' | 'dead' };

export type Decoded =
  | { readonly kind: 'sample'; readonly sample: Sample }
  /** The sensor told what it is; never data. */
  | { readonly kind: 'identity'; readonly text: string };

export type SensorDriver = {
  readonly baudRate: number;
  /** Nearest and farthest distance the sensor can measure, in mm; beyond is impossible. */
  readonly minMm: number;
  readonly maxMm: number;
  /** What a target inside the blanking distance reads, in mm. */
  readonly blankingMm: number;
  readonly frames: FrameRule;
  /** Decodes one frame that `frames` has matched. Pure; never throws. */
  decode(frame: Uint8Array): Decoded;
};

/** Settings that every gauge has, whatever its sensor. */
const commonGaugeSettings = {
  gauge: GaugeId,
  port: Type.String({ minLength: 1, description: 'Serial device, best a stable link: /dev/serial/by-id/…' }),
  userSpan: Type.Optional(
    Type.Object(
      { minMm: Type.Integer({ minimum: 0 }), maxMm: Type.Integer({ minimum: 1 }) },
      { additionalProperties: false, description: 'Distances expected here; beyond them a reading is suspect' },
    ),
  ),
};

/** The schema of one sensor's gauge settings: the common ones, its name, and its own. */
export function gaugeSettings<const N extends string, P extends TProperties>(name: N, own: P) {
  return Type.Object({ ...commonGaugeSettings, sensor: Type.Literal(name), ...own }, { additionalProperties: false });
}
