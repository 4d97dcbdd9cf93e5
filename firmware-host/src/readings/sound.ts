/** What the temperature of the air makes of a distance that was measured by sound. Pure. */
import type { SensorDriver } from '../sensors/driver.ts';
import type { TemperatureSettings } from './config.ts';

/** What the thermometers say, in tenths of a degree Celsius; null where nothing is known. */
export type AirTemperature = { readonly airDeciC: number | null; readonly housingDeciC: number | null };

export const noTemperature: AirTemperature = { airDeciC: null, housingDeciC: null };

const defaultSpeedMps = 340;
const zeroK = 273.15;
const speedAtZeroMps = 331.3;

/**
 * The factor by which a measured distance must be multiplied; 1 where there is nothing to correct.
 *
 * A sensor measures time t and says d = v·t/2 for the speed v that it believes in. Sound really goes at
 * c(T) = 331.3 m/s · √(T / 273.15 K) (ideal gas; Bohn, Environmental effects on the speed of sound, J. Audio Eng.
 * Soc. 36, 1988; good to 0.1 % in the air over a river), so the distance is d · c(T) / v: 1.7 mm per metre and degree.
 *
 * Never twice, by what the distance rests on (`medium`):
 * - `sound`: v is a fixed speed (`fixedSpeedMps`), the whole correction is ours.
 * - `sound-compensated`: v = c(T of its own thermometer) already. Only the residual is left, √(T_path / T_sensor)
 *   in kelvin, and only where a thermometer at its housing says what the sensor believes.
 * - `radar`: its waves do not mind.
 */
export function soundFactor(
  medium: SensorDriver['medium'],
  { airDeciC, housingDeciC }: AirTemperature,
  { fixedSpeedMps = defaultSpeedMps }: Pick<TemperatureSettings, 'fixedSpeedMps'> = {},
): number {
  if (airDeciC === null) return 1;
  const airK = kelvin(airDeciC);
  if (medium === 'sound') return (speedAtZeroMps * Math.sqrt(airK / zeroK)) / fixedSpeedMps;
  if (medium === 'sound-compensated' && housingDeciC !== null) return Math.sqrt(airK / kelvin(housingDeciC));
  return 1;
}

function kelvin(deciC: number): number {
  return deciC / 10 + zeroK;
}
