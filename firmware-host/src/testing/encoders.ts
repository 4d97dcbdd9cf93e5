/** What each sensor writes on its line, byte for byte. For simulators, tests and benches. */
import type { SensorName } from '../sensors/index.ts';
import { modbusAnswer } from './modbus-responder.ts';

/** MaxBotix HRXL-WR: `R`, four digits, carriage return. `rangeMm` 0–9999, codes as they are. */
export function encodeHrxlFrame(rangeMm: number): Uint8Array {
  return rDigits('rangeMm', rangeMm, 4);
}

/** What an HRXL-WR says after power-up. */
export function encodeHrxlBanner(model = 'MB7386'): Uint8Array {
  return ascii(`HRXL-MaxSonar-WR\rPN:${model}\rCopyright 2011-2013\rMaxBotix Inc.\rRoHS 1.8b090 0713\rTempI\r`);
}

/** MaxBotix XL-WR: `R`, three digits (MB7066: four), carriage return. `rangeCm` 0–999 (9999), codes as they are. */
export function encodeXlFrame(rangeCm: number, digits: 3 | 4 = 3): Uint8Array {
  return rDigits('rangeCm', rangeCm, digits);
}

/** DFRobot A02YYUW, and its sister A01NYUB: FF, high byte, low byte, low byte of their sum. `distanceMm` 0–65279. */
export function encodeA02Frame(distanceMm: number): Uint8Array {
  return ffFrame(distanceMm, 0xff);
}

/** DFRobot SEN0754: the same frame; FFFD nothing seen, FFFE disturbed by another one. */
function encodeSen0754Frame(distanceMmOrCode: number): Uint8Array {
  const [high, low] = halves('distanceMmOrCode', distanceMmOrCode);
  return Uint8Array.of(0xff, high, low, (0xff + high + low) & 0xff);
}

/** JSN-SR04T: the same frame; its clone AJ-SR04M leaves the FF out of the sum. */
export function encodeJsnFrame(
  distanceMm: number,
  checksum: 'with-start' | 'without-start' = 'with-start',
): Uint8Array {
  return ffFrame(distanceMm, checksum === 'with-start' ? 0xff : 0);
}

/** What a triggered JSN-SR04T is sent. */
export const jsnTrigger = 0x55;

/** Radars (SEN0676, LX-80): the answer of unit 1 to a read of the distance, 0–65535 mm. */
function encodeRadarAnswer(distanceMm: number): Uint8Array {
  return modbusAnswer(1, 3, [distanceMm]);
}

/** Senix ToughSonic: the answer of unit 1 to a read of its distance, in counts of 0.003384 inch. */
function encodeToughsonicAnswer(distanceMm: number): Uint8Array {
  return modbusAnswer(1, 3, [Math.round(distanceMm / 0.0859536)]);
}

/** How each sensor says a distance in mm, with its default settings. */
export const encoders: Readonly<Record<SensorName, (distanceMm: number) => Uint8Array>> = {
  'maxbotix-hrxl-wr': encodeHrxlFrame,
  'maxbotix-xl-wr': (distanceMm) => encodeXlFrame(Math.round(distanceMm / 10)),
  'dfrobot-a02yyuw': encodeA02Frame,
  'dfrobot-a01nyub': encodeA02Frame,
  'dfrobot-sen0754': encodeSen0754Frame,
  'jsn-sr04t': encodeJsnFrame,
  'senix-toughsonic': encodeToughsonicAnswer,
  'dfrobot-sen0676': encodeRadarAnswer,
  'geolux-lx80': encodeRadarAnswer,
};

function rDigits(what: string, value: number, digits: number): Uint8Array {
  const most = 10 ** digits - 1;
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw new RangeError(`${what}: ${value} is not a whole number from 0 to ${most}`);
  return ascii(`R${String(value).padStart(digits, '0')}\r`);
}

function ffFrame(distanceMm: number, begin: number): Uint8Array {
  const [high, low] = halves('distanceMm', distanceMm, 0xfeff);
  return Uint8Array.of(0xff, high, low, (begin + high + low) & 0xff);
}

function halves(what: string, value: number, most = 0xffff): [high: number, low: number] {
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw new RangeError(`${what}: ${value} is not a whole number from 0 to ${most}`);
  return [value >> 8, value & 0xff];
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
