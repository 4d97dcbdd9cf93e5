import type { Calibration } from '@siaga/protocol';
import type { CadenceConfig } from '../cadence/config.ts';
import { lookOf } from '../cadence/pacing.ts';
import { tierOfLevel } from '../cadence/water.ts';
import type { StoredReading } from '../outbox/outbox.ts';
import { tellsOfFlood } from '../outbox/thin.ts';

const sharp = { rising: 0, flood: 0 };

/**
 * Whether a reading belongs to an event, and is never thinned out: by itself, or because the water stands at the
 * station's own limits for rising or flood, as the section `cadence` has them for the gauge that decides.
 */
export function eventBy(
  { cadence, gauge }: { readonly cadence: CadenceConfig | null | undefined; readonly gauge: string | undefined },
  calibrations: () => readonly Calibration[],
): (stored: StoredReading) => boolean {
  return (stored) => {
    if (tellsOfFlood(stored)) return true;
    if (!cadence || stored.gauge !== gauge || stored.maintenance) return false;
    const tier = tierOfLevel(lookOf(stored, 0, calibrations()), cadence, sharp);
    return tier === 'rising' || tier === 'flood';
  };
}
