import type { Calibration } from '@siaga/protocol';
import type { Logger } from 'pino';
import { calibrationsToTell, readRecords } from '../calibrate/records.ts';
import { messageOf } from '../errors.ts';

/**
 * The calibrations made with this device, as `about` tells them; records that are none are logged. A folder that cannot
 * be read is no reason not to measure.
 */
export async function calibrationsIn(data: string, log: Logger): Promise<Calibration[]> {
  const kept = await readRecords(data).catch((error) => ({ records: [], faults: [messageOf(error)] }));
  for (const fault of kept.faults) log.warn({ fault }, 'calibration not used');
  return calibrationsToTell(kept);
}
