import { readRecords } from '../../calibrate/records.ts';
import { type Check, type Finding, fail, pass, warn } from './check.ts';

const soonMs = 30 * 86_400_000;

/** Each gauge's calibration made with this device: there, whole, and not overdue. */
export const calibration: Check = {
  name: 'calibration',
  needs: 'settings',
  async run({ nowMs }, { data, gauges }) {
    const { records, faults } = await readRecords(data);
    const newest = (gauge: string) =>
      records.map(({ body }) => body.calibration).findLast((each) => each.gauge === gauge);
    return [
      ...faults.map((fault) => fail(`calibrations/${fault}`, 'calibrate again: siaga-agent calibrate')),
      ...gauges.map(({ gauge }) => judgeCalibration(gauge, newest(gauge), nowMs())),
    ];
  },
};

type Known = { readonly validFrom: string; readonly relevelDue?: string };

/** Pure. */
export function judgeCalibration(gauge: string, known: Known | undefined, nowMs: number): Finding {
  if (known === undefined)
    return warn(
      `${gauge}: none made with this device`,
      'siaga-agent calibrate (or the catalogue has one: then all is well)',
    );
  const { validFrom, relevelDue } = known;
  const says = `${gauge}: calibrated ${validFrom.slice(0, 10)}`;
  if (relevelDue === undefined) return pass(says);
  const dueMs = Date.parse(relevelDue);
  if (dueMs <= nowMs)
    return warn(`${says}, levelling was due ${relevelDue}`, 'have it levelled again, then: siaga-agent calibrate');
  return dueMs - nowMs < soonMs
    ? warn(`${says}, levelling is due ${relevelDue}`, 'plan it')
    : pass(`${says}, levelling due ${relevelDue}`);
}
