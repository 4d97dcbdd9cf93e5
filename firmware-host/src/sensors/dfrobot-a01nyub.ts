/**
 * DFRobot A01NYUB (SEN0313), UART output.
 *
 * Unit: mm. Range: 280–7500. Blanking: 280. Line: 9600 8N1, TTL 3.3 V. Frame: FF, high byte, low byte, low byte of the
 * three's sum. RX open or high gives a filtered value each 150–300 ms, RX low a raw one each 150 ms.
 * Codes: none are documented. ESPHome's driver throws 280 and less away: here it is the water inside blanking, an
 * alarm. 7500 and more, or 0, is nothing seen; dead is a line that says nothing.
 * Source: wiki.dfrobot.com/sen0313, "Communication Protocol Description".
 * Assumed: the meaning of the limits and of 0, as with its sister A02YYUW; its own compensation for temperature; a
 * scatter of 3 mm.
 */
import { type Decoded, gaugeSettings, type SensorDriver } from './driver.ts';
import { ffFrames, ffSample, ffValue } from './lines/ff-frame.ts';

export const name = 'dfrobot-a01nyub';

export const configSchema = gaugeSettings(name, {});

const minMm = 280;
const rangeEndMm = 7500;

export function create(): SensorDriver {
  return {
    baudRate: 9600,
    minMm,
    maxMm: rangeEndMm,
    blankingMm: minMm,
    medium: 'sound-compensated',
    noiseMm: 3,
    proof: 'sum',
    dialogue: {
      kind: 'speaks',
      frames: ffFrames(),
      decode: (frame): Decoded => ({ kind: 'sample', sample: ffSample(ffValue(frame), { minMm, rangeEndMm }) }),
    },
  };
}
