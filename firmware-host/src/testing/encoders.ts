/** What each sensor writes on its line, byte for byte. For simulators and tests. */

/** MaxBotix HRXL-WR: `R`, four digits, carriage return. `rangeMm` 0–9999, codes as they are. */
export function encodeHrxlFrame(rangeMm: number): Uint8Array {
  if (!Number.isInteger(rangeMm) || rangeMm < 0 || rangeMm > 9999)
    throw new RangeError(`rangeMm: ${rangeMm} is not a whole number from 0 to 9999`);
  return ascii(`R${String(rangeMm).padStart(4, '0')}\r`);
}

/** What an HRXL-WR says after power-up. */
export function encodeHrxlBanner(model = 'MB7386'): Uint8Array {
  return ascii(`HRXL-MaxSonar-WR\rPN:${model}\rCopyright 2011-2013\rMaxBotix Inc.\rRoHS 1.8b090 0713\rTempI\r`);
}

/** DFRobot A02YYUW: FF, high byte, low byte, low byte of their sum. `distanceMm` 0–65279. */
export function encodeA02Frame(distanceMm: number): Uint8Array {
  if (!Number.isInteger(distanceMm) || distanceMm < 0 || distanceMm > 0xfeff)
    throw new RangeError(`distanceMm: ${distanceMm} is not a whole number from 0 to 65279`);
  const [high, low] = [distanceMm >> 8, distanceMm & 0xff];
  return Uint8Array.of(0xff, high, low, (0xff + high + low) & 0xff);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
