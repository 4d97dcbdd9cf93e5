/**
 * Settings of one gauge's readings: how they are judged and how the air's temperature enters. They stand beside
 * the sensor's own settings.
 */
import { type Static, Type } from 'typebox';

/**
 * The defaults are chosen on real rivers at 15 min (two years of one that rises 27 cm in a quarter of an hour, five
 * calm ones), not on the manual's examples, which fail half of such a record.
 */
export const QcSettings = Type.Object(
  {
    spikeMm: Type.Optional(
      Type.Integer({
        minimum: 20,
        maximum: 5_000,
        description:
          'Water that moved no more than this since the reading before is never suspect; waves stay below it. Default 150',
      }),
    ),
    rateMmPerH: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 100_000,
        description: 'The fastest that the water rises or falls here, in mm an hour. Default 600',
      }),
    ),
    flatHours: Type.Optional(
      Type.Number({
        minimum: 1,
        maximum: 2_000,
        description:
          'Hours without any change of value or of scatter among the pings, after which a reading is suspect. Default 22, or 220 for a sensor that counts in cm',
      }),
    ),
    flatToleranceMm: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 50,
        description: 'Changes up to this are none to the flat-line test. Default 0',
      }),
    ),
    dryMm: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description:
          'Distance to the ground where the place falls dry: there, and 30 mm before it, a reading that does not change is no fault',
      }),
    ),
  },
  { additionalProperties: false, description: 'Tests of the readings: flags, never deletions' },
);
export type QcSettings = Static<typeof QcSettings>;

export const TemperatureSettings = Type.Object(
  {
    air: Type.String({
      pattern: '^/',
      description:
        'File with the temperature of the air midway between sensor and water, in thousandths of a degree Celsius, as Linux gives it for 1-wire, hwmon and iio thermometers',
    }),
    housing: Type.Optional(
      Type.String({
        pattern: '^/',
        description:
          "File with the temperature at the sensor's housing, which its own thermometer feels: a sensor that compensates by itself is corrected only where this is known too",
      }),
    ),
    fixedSpeedMps: Type.Optional(
      Type.Number({
        minimum: 320,
        maximum: 360,
        description: 'Speed of sound that a sensor without a thermometer reckons with, in m/s. Default 340',
      }),
    ),
  },
  { additionalProperties: false, description: 'The temperature of the air that the sound goes through' },
);
export type TemperatureSettings = Static<typeof TemperatureSettings>;

/** Settings of judgement that every gauge has, whatever its sensor. */
export const gaugeQuality = {
  userSpan: Type.Optional(
    Type.Object(
      {
        minMm: Type.Integer({ minimum: 0, description: 'Nearest distance expected here' }),
        maxMm: Type.Integer({ minimum: 1, description: 'Farthest distance expected here' }),
      },
      { additionalProperties: false, description: 'Distances expected here; beyond them a reading is suspect' },
    ),
  ),
  qc: Type.Optional(QcSettings),
  temperature: Type.Optional(TemperatureSettings),
};

const Quality = Type.Object(gaugeQuality);

/** What the schema cannot say of one gauge. */
export function gaugeQualityFaults({ userSpan }: Static<typeof Quality>): string[] {
  return userSpan && userSpan.minMm >= userSpan.maxMm ? ['userSpan: minMm must be below maxMm'] : [];
}
