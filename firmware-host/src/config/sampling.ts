/** The section `sampling`: how often, and how many pings. */
import { Type } from 'typebox';
import type { ConfigSection } from './section.ts';

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
  { additionalProperties: false, default: {}, description: 'When a reading is taken' },
);

export const samplingSection = { schema: Sampling } satisfies ConfigSection;
