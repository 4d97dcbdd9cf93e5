import { type Static, Type } from 'typebox';
import { GaugeId } from './identity.ts';
import { decodeJson, parserOf } from './parse.ts';
import type { Parsed } from './result.ts';

const Text = Type.String({ minLength: 1, maxLength: 120 });
const Mm = Type.Integer({ minimum: -1_000_000, maximum: 10_000_000 });

/**
 * How a gauge's distance becomes stage: stage = sensorElevationMm − (distanceMm + faceOffsetMm), for
 * readings observed from `validFrom` until the next calibration. A re-survey adds one; none is changed.
 */
export const Calibration = Type.Object(
  {
    gauge: GaugeId,
    validFrom: Type.String({ format: 'date-time' }),
    sensorElevationMm: Type.Integer({ ...Mm, description: "Reference mark of the sensor above the station's zero" }),
    faceOffsetMm: Type.Integer({
      minimum: -10_000,
      maximum: 10_000,
      description: 'From the reference mark down to where the sensor counts from',
    }),
    benchmark: Type.Optional(Text),
    surveyedOn: Type.Optional(Type.String({ format: 'date' })),
    /** The station's zero above the national datum. */
    datumOffsetMm: Type.Optional(Mm),
    relevelDue: Type.Optional(Type.String({ format: 'date', description: 'Day by which it should be levelled again' })),
    /** What the technician read on the staff gauge at the end, and what this calibration makes of that moment. */
    staffCheck: Type.Optional(
      Type.Object(
        { staffMm: Mm, stageMm: Mm, at: Type.String({ format: 'date-time' }) },
        { additionalProperties: false },
      ),
    ),
    by: Type.Optional(Text),
    /** SHA-256 of the signed record that stays with the device. */
    record: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  },
  { additionalProperties: false },
);
export type Calibration = Static<typeof Calibration>;

/** `flood/v1/<station>/about`: what the device is. */
export const About = Type.Object(
  {
    v: Type.Literal(1),
    firmware: Type.Object({ name: Text, version: Text }),
    gauges: Type.Array(
      Type.Object({
        gauge: GaugeId,
        model: Text,
        minMm: Mm,
        maxMm: Mm,
        blankingMm: Mm,
      }),
      { maxItems: 16 },
    ),
    calibrations: Type.Array(Calibration, { maxItems: 64 }),
    /** The remote settings in force, by name. */
    settings: Type.Optional(Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Boolean()]))),
  },
  { $id: 'About' },
);
export type About = Static<typeof About>;

const parseAbout = parserOf(About);

export function decodeAbout(bytes: Uint8Array): Parsed<About> {
  return decodeJson(bytes, parseAbout);
}
