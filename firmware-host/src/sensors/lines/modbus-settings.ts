/** Settings that every sensor on Modbus has. */
import { Type } from 'typebox';
import type { Sample } from '../driver.ts';

export const unitSetting = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 247, description: 'Modbus unit (slave address) of the sensor, 1 if not given' }),
);

export const baudSetting = (description: string) =>
  Type.Optional(
    Type.Union(
      [Type.Literal(9600), Type.Literal(19_200), Type.Literal(38_400), Type.Literal(57_600), Type.Literal(115_200)],
      { description },
    ),
  );

/** Long enough for every sensor here; a lost answer costs this much of a burst. */
export const timeoutMs = 500;

/** A distance between the ends of what the sensor measures, or what it says beyond them. */
export function sampleWithin(distanceMm: number, blankingMm: number, rangeEndMm: number): Sample {
  if (distanceMm >= rangeEndMm) return { echo: 'none' };
  return distanceMm <= blankingMm ? { echo: 'blanking' } : { echo: 'seen', distanceMm };
}
