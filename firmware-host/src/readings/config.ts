/** How readings are taken and judged: the section `sampling`, and what every gauge may say of its place. */
import { type Static, Type } from 'typebox';
import type { ConfigSection } from '../config/section.ts';

const Sampling = Type.Object(
  {
    intervalS: Type.Integer({
      minimum: 1,
      maximum: 3600,
      default: 60,
      description: 'Seconds between two readings, by the clock',
    }),
    pings: Type.Integer({
      minimum: 1,
      maximum: 20,
      default: 7,
      description: 'Samples in a reading; their median is published',
    }),
    trigger: Type.Union([Type.Literal('interval'), Type.Literal('burst')], {
      default: 'interval',
      description: 'interval: at each multiple of intervalS; burst: whenever the sensor speaks (one that is woken)',
    }),
  },
  { additionalProperties: false, default: {} },
);

export const samplingSection = { schema: Sampling } satisfies ConfigSection;

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
};

const Quality = Type.Object(gaugeQuality);

/** What the schema cannot say of one gauge. */
export function gaugeQualityFaults({ userSpan }: Static<typeof Quality>): string[] {
  return userSpan && userSpan.minMm >= userSpan.maxMm ? ['userSpan: minMm must be below maxMm'] : [];
}
