/**
 * DFRobot SEN0754, UART automatic output.
 *
 * Unit: mm. Range: to 3000. Line: 115200 8N1, TTL. Frame: FF, high byte, low byte, low byte of the three's sum, each
 * 100 ms; as delivered (algorithm mode 1) the value is processed and follows the water with 2 s of delay or more.
 * Codes: FFFD nothing seen; FFFE another ultrasonic sensor disturbs it, which says nothing about the water: no sample,
 * but a problem that somebody should see to. Dead is a line that says nothing.
 * Source: wiki.dfrobot.com/sen0754/docs/24696, "UART Automatic Output Instructions".
 * Assumed: a blanking distance of 30 mm (`blankingMm`), which reads as itself or less; that it is left in automatic
 * output (it also answers Modbus, which is not used here); its own compensation for temperature; a scatter of 3 mm.
 */
import { Type } from 'typebox';
import { type Decoded, gaugeSettings, type SensorDriver } from './driver.ts';
import { ffFrames, ffSample, ffValue } from './lines/ff-frame.ts';

export const name = 'dfrobot-sen0754';

export const configSchema = gaugeSettings(name, {
  blankingMm: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 500,
      description: 'Nearest distance it measures in mm, 30 if not given (not in the maker’s protocol: check yours)',
    }),
  ),
});

const rangeEndMm = 3000;
const nothingSeen = 0xfffd;
const interference = 0xfffe;

export function create({ blankingMm = 30 }: { blankingMm?: number }): SensorDriver {
  const decode = (frame: Uint8Array): Decoded => {
    const value = ffValue(frame);
    if (value === nothingSeen) return { kind: 'sample', sample: { echo: 'none' } };
    if (value === interference)
      return { kind: 'problem', text: 'the sensor hears another ultrasonic sensor: move one of them, or turn it away' };
    return { kind: 'sample', sample: ffSample(value, { minMm: blankingMm, rangeEndMm }) };
  };
  return {
    baudRate: 115_200,
    minMm: blankingMm,
    maxMm: rangeEndMm,
    blankingMm,
    medium: 'sound-compensated',
    noiseMm: 3,
    proof: 'sum',
    dialogue: { kind: 'speaks', frames: ffFrames({ codes: [nothingSeen, interference] }), decode },
  };
}
