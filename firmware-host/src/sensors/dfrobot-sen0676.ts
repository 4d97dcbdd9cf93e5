/**
 * DFRobot SEN0676, FMCW radar at 80 GHz, Modbus RTU.
 *
 * Unit: mm. Range: 150–10000 as delivered (register 07D4 holds its span in m: `maxMm`). Blanking: 150.
 * Line: UART TTL 115200 8N1 (register 03F6 holds the rate / 100), unit 1 (register 03F4).
 * Read: function 3, holding register 0001, "empty height": distance from its face to the water in mm, filtered inside.
 * Codes: none are documented. 0 is what the filter says until it has settled, for up to some seconds after power-up
 * (seen in the field with a right CRC): dead, never water at the face. `maxMm` and more is nothing seen, 150 and less
 * inside blanking; dead is also a sensor that does not answer.
 * Temperature does not move it. Registers 0003 and 0005 (water level, mounting height in cm) are not used: stage is
 * computed from distance.
 * Source: wiki.dfrobot.com/sen0676/docs/20081, "Communication Protocol Description".
 * Assumed: 150 mm blanking and ±5 mm (a public creek gauge's notes on this sensor); what it says at its range's ends;
 * a scatter of 2 mm.
 */
import { type Static, Type } from 'typebox';
import { type Decoded, gaugeSettings, type SensorDriver } from './driver.ts';
import { modbusPoller } from './lines/modbus.ts';
import { baudSetting, sampleWithin, timeoutMs, unitSetting } from './lines/modbus-settings.ts';

export const name = 'dfrobot-sen0676';

export const configSchema = gaugeSettings(name, {
  unit: unitSetting,
  baud: baudSetting('Baud rate, 115200 if not given'),
  maxMm: Type.Optional(
    Type.Integer({ minimum: 1000, maximum: 40_000, description: 'Span set in the sensor, in mm; 10000 if not given' }),
  ),
});

const emptyHeight = 0x0001;
const blankingMm = 150;

export function create({
  unit = 1,
  baud = 115_200,
  maxMm = 10_000,
}: Pick<Static<typeof configSchema>, 'unit' | 'baud' | 'maxMm'>): SensorDriver {
  const decode = ([distanceMm = 0]: readonly number[]): Decoded[] => [
    { kind: 'sample', sample: distanceMm === 0 ? { echo: 'dead' } : sampleWithin(distanceMm, blankingMm, maxMm) },
  ];
  return {
    baudRate: baud,
    minMm: blankingMm,
    maxMm,
    blankingMm,
    medium: 'radar',
    noiseMm: 2,
    proof: 'crc',
    dialogue: {
      kind: 'polled',
      everyMs: 200,
      open: (line) => modbusPoller(line, { unit, table: 'holding', address: emptyHeight, count: 1, timeoutMs, decode }),
    },
  };
}
