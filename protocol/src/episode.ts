import { type Static, Type } from 'typebox';
import { StationId } from './identity.ts';

const Time = Type.String({ format: 'date-time' });

/**
 * A span in event time during which the stage stood in a band of `severity` or above, recomputed from all readings
 * whatever their order of arrival. One condition a severity: an episode of `danger` lies within one of `alert`.
 */
export const Episode = Type.Object(
  {
    station: StationId,
    severity: Type.Integer({ minimum: 1, maximum: 3 }),
    bandLabel: Type.String(),
    since: Time,
    /** Null while it lasts, as far as the readings tell. */
    until: Type.Union([Time, Type.Null()]),
    peakStageMm: Type.Integer(),
    peakAt: Time,
    /** The peak was beyond what the sensor can measure. */
    peakAtLeast: Type.Boolean(),
    /** How many weighing readings it rests on. */
    readings: Type.Integer({ minimum: 1 }),
  },
  { $id: 'Episode' },
);
export type Episode = Static<typeof Episode>;
