/** The registry of sensors. A new one is its file, its test cases, and a line here. */
import { type Static, Type } from 'typebox';
import * as dfrobotA02yyuw from './dfrobot-a02yyuw.ts';
import type { SensorDriver } from './driver.ts';
import * as maxbotixHrxlWr from './maxbotix-hrxl-wr.ts';

export const sensors = {
  [maxbotixHrxlWr.name]: maxbotixHrxlWr,
  [dfrobotA02yyuw.name]: dfrobotA02yyuw,
} as const;

export type SensorName = keyof typeof sensors;

/** The settings of one gauge: those of its sensor. */
export const GaugeConfig = Type.Union([maxbotixHrxlWr.configSchema, dfrobotA02yyuw.configSchema]);
export type GaugeConfig = Static<typeof GaugeConfig>;

export function isSensorName(name: unknown): name is SensorName {
  return typeof name === 'string' && Object.hasOwn(sensors, name);
}

/** Makes the driver that a gauge's settings ask for. */
export function createDriver(config: GaugeConfig): SensorDriver {
  // The settings' `sensor` picks the module whose schema they satisfied.
  const { create } = sensors[config.sensor] as { create(config: GaugeConfig): SensorDriver };
  return create(config);
}
