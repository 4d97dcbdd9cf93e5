import type { Calibration } from '@siaga/protocol';
import type { Logger } from 'pino';
import { calibrationsToTell, readRecords } from '../calibrate/records.ts';

/** The calibrations made with this device, as `about` tells them; records that are none are logged. */
export async function calibrationsIn(data: string, log: Logger): Promise<Calibration[]> {
  const kept = await readRecords(data);
  for (const fault of kept.faults) log.warn({ fault }, 'calibration not used');
  return calibrationsToTell(kept);
}
