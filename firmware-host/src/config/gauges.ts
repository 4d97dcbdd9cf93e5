/** The section `gauges`: one entry an instrument, with the settings of its sensor. */
import { Type } from 'typebox';
import { gaugeQualityFaults } from '../readings/config.ts';
import { GaugeConfig } from '../sensors/index.ts';
import { isRecord } from './judge.ts';
import type { ConfigSection } from './section.ts';

export const gaugesSection = {
  schema: Type.Array(GaugeConfig, { minItems: 1, maxItems: 16, description: 'One entry an instrument' }),
  roughFaults: (gauges) => (Array.isArray(gauges) ? [...doubles(gauges, 'gauge'), ...doubles(gauges, 'port')] : []),
  entryFaults: gaugeQualityFaults,
} satisfies ConfigSection;

function doubles(gauges: readonly unknown[], field: 'gauge' | 'port'): string[] {
  const seen = gauges.map((gauge) => (isRecord(gauge) ? gauge[field] : undefined));
  return seen.flatMap((value, i) =>
    value !== undefined && seen.indexOf(value) < i
      ? [`gauges.${i}.${field}: ${JSON.stringify(value)} is used twice`]
      : [],
  );
}
