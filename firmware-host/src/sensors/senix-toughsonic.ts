/**
 * Senix ToughSonic, ultrasonic, Modbus RTU (set to Modbus with SenixVIEW).
 *
 * Unit: counts of 0.003384 inch (0.08595 mm) by default. Range: by model, as is blanking: `maxMm` and `blankingMm` have no
 * default, take them from the model's data sheet. Line: RS-232 or RS-485, 9600 to 115200 baud 8N1, unit by SenixVIEW.
 * THE REGISTER MAP IS NOT PUBLIC. The defaults are UNVERIFIED, from programs that others published: one reads holding
 * register 020E (the 15th from 0200) of a ToughSonic 50 in counts of 2 × 0.003384 inch; three take the same 0.003384
 * inch a count from the ASCII stream of smaller models. Read `register`, `table` and `mmPerCount` off SenixVIEW's
 * "Modbus" page and prove them with a bar check before the gauge is believed.
 * Codes: unknown. 0 and `maxMm` and more are taken as nothing seen, `blankingMm` and less as inside blanking; dead is a
 * sensor that does not answer, and a register that it does not have is told as a problem.
 * Source: Senix ToughSonic general-purpose sensors, installation and operating instructions, "Serial data" (line, 32
 * units on RS-485, raw and filtered distance); the rest is assumed as said, with its own compensation for temperature
 * and a scatter of 1 mm.
 */
import { type Static, Type } from 'typebox';
import { type Decoded, gaugeSettings, type SensorDriver } from './driver.ts';
import { modbusPoller } from './lines/modbus.ts';
import { baudSetting, sampleWithin, timeoutMs, unitSetting } from './lines/modbus-settings.ts';

export const name = 'senix-toughsonic';

export const configSchema = gaugeSettings(name, {
  unit: unitSetting,
  baud: baudSetting('Baud rate, 9600 if not given'),
  maxMm: Type.Integer({ minimum: 500, maximum: 20_000, description: "End of the model's range in mm" }),
  blankingMm: Type.Integer({ minimum: 10, maximum: 2000, description: "The model's dead band in mm" }),
  table: Type.Optional(
    Type.Union([Type.Literal('holding'), Type.Literal('input')], {
      description: 'Registers read by function 3 (holding, the default) or 4 (input); unverified: check with SenixVIEW',
    }),
  ),
  register: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description: 'Register of the distance, from 0; 526 (0x020E) if not given; unverified: check with SenixVIEW',
    }),
  ),
  mmPerCount: Type.Optional(
    Type.Number({
      minimum: 0.001,
      maximum: 100,
      description: 'mm in one count; 0.0859536 if not given; unverified: check with SenixVIEW',
    }),
  ),
});

export function create({
  unit = 1,
  baud = 9600,
  maxMm,
  blankingMm,
  table = 'holding',
  register = 0x020e,
  mmPerCount = 0.0859536,
}: Omit<Static<typeof configSchema>, 'gauge' | 'port' | 'sensor'>): SensorDriver {
  const decode = ([counts = 0]: readonly number[]): Decoded[] => {
    const distanceMm = Math.round(counts * mmPerCount);
    return [{ kind: 'sample', sample: counts === 0 ? { echo: 'none' } : sampleWithin(distanceMm, blankingMm, maxMm) }];
  };
  return {
    baudRate: baud,
    minMm: blankingMm,
    maxMm,
    blankingMm,
    medium: 'sound-compensated',
    noiseMm: 1,
    proof: 'crc',
    dialogue: {
      kind: 'polled',
      everyMs: 200,
      open: (line) => modbusPoller(line, { unit, table, address: register, count: 1, timeoutMs, decode }),
    },
  };
}
