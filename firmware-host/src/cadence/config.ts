/** The section `cadence`: how often to look and to report, by what the water does. Absent: `sampling.intervalS` for both. */
import { type Static, Type } from 'typebox';
import type { ConfigSection } from '../config/section.ts';

const seconds = (what: string, most: number, ofDefault: number) =>
  Type.Integer({ minimum: 1, maximum: most, default: ofDefault, description: what });

const pace = (when: string, sampleS: number, reportS: number) =>
  Type.Object(
    {
      sampleS: seconds('Seconds between two readings', 3_600, sampleS),
      reportS: seconds('Seconds between two messages; the readings between wait for the next', 21_600, reportS),
    },
    { additionalProperties: false, default: {}, description: when },
  );

const limit = (what: string) => Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000, description: what }));
const stage = (what: string) =>
  Type.Optional(Type.Integer({ minimum: -100_000, maximum: 1_000_000, description: what }));

export const CadenceConfig = Type.Object(
  {
    calm: pace('While nothing happens', 60, 300),
    rising: pace('While the water rises or stands near', 60, 60),
    flood: pace('In a flood; nothing ever makes it slower', 30, 60),
    risingWithinMm: limit('From this distance on, and nearer, the water counts as rising'),
    floodWithinMm: limit('From this distance on, and nearer, it is a flood'),
    risingStageMm: stage('The same as a stage, where the gauge is calibrated'),
    floodStageMm: stage('The same as a stage, where the gauge is calibrated'),
    riseMmPerH: Type.Integer({
      minimum: 5,
      maximum: 100_000,
      default: 100,
      description: 'Water that rises as fast as this counts as rising, wherever it stands',
    }),
    deadBandMm: Type.Integer({
      minimum: 0,
      maximum: 5_000,
      default: 50,
      description: 'A limit is left only when the water has gone this far beyond it again',
    }),
    holdS: seconds('Seconds that rising or flood last at least after their last cause', 86_400, 1_800),
    capS: Type.Integer({
      minimum: 10,
      maximum: 21_600,
      default: 3_600,
      description: 'No interval of this station is ever longer, whatever the battery, the budget or the platform say',
    }),
    linkMbPerMonth: Type.Optional(
      Type.Number({
        minimum: 0.5,
        maximum: 100_000,
        description:
          'What the link may carry in 30 days, both ways, in millions of bytes; beyond it calm reports wait longer',
      }),
    ),
    battery: Type.Optional(
      Type.Object(
        {
          lowMv: Type.Integer({
            minimum: 1_000,
            maximum: 100_000,
            description: 'Below this, calm looks half as often',
          }),
          emptyMv: Type.Integer({
            minimum: 1_000,
            maximum: 100_000,
            description: 'Below this, calm looks a quarter as often, and rising as often as calm; a flood as ever',
          }),
        },
        { additionalProperties: false, description: 'Millivolts, read as machine.battery says' },
      ),
    ),
  },
  { additionalProperties: false },
);
export type CadenceConfig = Static<typeof CadenceConfig>;

export const cadenceSection = {
  schema: Type.Optional(
    Type.Union([CadenceConfig, Type.Null()], { description: 'How often it looks and reports, by what the water does' }),
  ),
  faults(cadence: CadenceConfig | null): string[] {
    if (cadence === null) return [];
    const { calm, rising, flood, capS, battery, risingWithinMm, floodWithinMm, risingStageMm, floodStageMm } = cadence;
    const faults: string[] = [];
    for (const [name, { sampleS, reportS }] of Object.entries({ calm, rising, flood })) {
      if (reportS < sampleS) faults.push(`cadence.${name}.reportS: ${reportS} is shorter than its sampleS, ${sampleS}`);
      if (reportS > capS) faults.push(`cadence.${name}.reportS: ${reportS} is longer than cadence.capS, ${capS}`);
    }
    if (rising.reportS > calm.reportS) faults.push('cadence.rising.reportS: is longer than that of calm');
    if (flood.reportS > rising.reportS) faults.push('cadence.flood.reportS: is longer than that of rising');
    if (rising.sampleS > calm.sampleS) faults.push('cadence.rising.sampleS: is longer than that of calm');
    if (flood.sampleS > rising.sampleS) faults.push('cadence.flood.sampleS: is longer than that of rising');
    if (Number(floodWithinMm) >= Number(risingWithinMm))
      faults.push('cadence.floodWithinMm: must be less than risingWithinMm, for a flood stands nearer');
    if (Number(floodStageMm) <= Number(risingStageMm))
      faults.push('cadence.floodStageMm: must be more than risingStageMm');
    if (battery && battery.emptyMv >= battery.lowMv) faults.push('cadence.battery.emptyMv: must be less than lowMv');
    return faults;
  },
} satisfies ConfigSection;
