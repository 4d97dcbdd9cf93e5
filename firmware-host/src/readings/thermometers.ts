import type { TemperatureSettings } from './config.ts';
import { type AirTemperature, noTemperature } from './sound.ts';
import { openThermometer, type Thermometer } from './thermometer.ts';

/** A gauge's thermometers, as its settings name them. `onFault` is told what ails them when that changes. */
export function openThermometers(
  settings: TemperatureSettings | undefined,
  onFault: (fault: string | null) => void,
): { read(): AirTemperature; fault(): string | null } {
  if (settings === undefined) return { read: () => noTemperature, fault: () => null };
  const open = (path: string) => openThermometer(path, { onFault: () => onFault(fault()) });
  const air = open(settings.air);
  const housing: Thermometer | null = settings.housing === undefined ? null : open(settings.housing);
  const fault = (): string | null => air.fault() ?? housing?.fault() ?? null;
  return { read: () => ({ airDeciC: air.deciC(), housingDeciC: housing?.deciC() ?? null }), fault };
}
