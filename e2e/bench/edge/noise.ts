/**
 * A million frames through every driver, one byte in ten at random: what is published must be right, and every byte
 * accounted for. Modbus goes through the real library in simulated time.
 */
import { type NoiseTrial, noiseTrial, noisySensors } from '@siaga/firmware-host/testing';
import { atMost, figure, type Row, type Suite } from '../report.ts';

const frames = 1_000_000;
const seed = 20_140_130;

export const benchNoise: Suite = async (say) => {
  const rows: Row[] = [];
  for (const sensor of noisySensors) {
    say(`${sensor.name}: ${frames} frames on a disturbed line`);
    const beganMs = performance.now();
    const trial = await noiseTrial(sensor, frames, seed);
    rows.push(...rowsOf(sensor.name, trial, performance.now() - beganMs));
  }
  return rows;
};

function rowsOf(name: string, trial: NoiseTrial, tookMs: number): Row[] {
  const { bursts, seen, refused, wrong, bytesIn, discardedBytes, unaccountedBytes } = trial;
  const share = (part: number, whole: number) => (100 * part) / whole;
  return [
    atMost(0, `${name}: wrong bursts published of ${bursts}`, wrong, ''),
    atMost(0, `${name}: bytes unaccounted for of ${bytesIn}`, Math.abs(unaccountedBytes), 'B'),
    figure(`${name}: bytes discarded and counted`, share(discardedBytes, bytesIn), '%'),
    figure(`${name}: bursts published as a distance`, share(seen, bursts), '%'),
    figure(`${name}: bursts refused, flagged 4`, share(refused, bursts), '%'),
    figure(`${name}: frames a second through listener and filter`, trial.frames / (tookMs / 1000), '/s'),
  ];
}
