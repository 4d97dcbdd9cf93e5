/**
 * DFRobot A02YYUW (SEN0311), UART output.
 *
 * Unit: mm. Range: 30–4500. Blanking: 30. Line: 9600 8N1, TTL 3.3 V. Frame: FF, high byte, low byte, low byte of the
 * three's sum. RX open or high gives a filtered value each 100–300 ms, RX low a raw one each 100 ms.
 * Codes: none are documented. DFRobot's own library refuses what lies outside 30–4500; a user saw 5500 and 0 in open
 * space, and 0 with a transducer covered (riteshRcH/waterproof_small_blind_ultrasonic_sensor_DYP-A02YYxx issue 2).
 * So: 4500 and more, or 0, is nothing seen; 30 and less inside blanking; dead is a line that says nothing.
 * Source: wiki.dfrobot.com/sen0311, "Communication Protocol Description".
 * Assumed: that it compensates for the air's temperature with its own thermometer; a scatter of 3 mm.
 */
import { Type } from 'typebox';
import { type Decoded, gaugeSettings, type SensorDriver } from './driver.ts';
import { ffFrames, ffSample, ffValue } from './lines/ff-frame.ts';

export const name = 'dfrobot-a02yyuw';

export const configSchema = gaugeSettings(name, {
  /** Kept open for modules that end earlier than the data sheet says. */
  maxMm: Type.Optional(
    Type.Integer({ minimum: 500, maximum: 4500, description: 'Upper end of the range in mm, 4500 if not given' }),
  ),
});

const minMm = 30;
const rangeEndMm = 4500;

export function create(config: { maxMm?: number }): SensorDriver {
  return {
    baudRate: 9600,
    minMm,
    maxMm: config.maxMm ?? rangeEndMm,
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
