/** The registry of sensors. A new one is its file, its test cases, its encoder, its row in docs/sensors.md, and a line here. */
import { type Static, Type } from 'typebox';
import * as dfrobotA01nyub from './dfrobot-a01nyub.ts';
import * as dfrobotA02yyuw from './dfrobot-a02yyuw.ts';
import * as dfrobotSen0676 from './dfrobot-sen0676.ts';
import * as dfrobotSen0754 from './dfrobot-sen0754.ts';
import type { SensorDriver } from './driver.ts';
import * as geoluxLx80 from './geolux-lx80.ts';
import * as jsnSr04t from './jsn-sr04t.ts';
import * as maxbotixHrxlWr from './maxbotix-hrxl-wr.ts';
import * as maxbotixXlWr from './maxbotix-xl-wr.ts';
import * as senixToughsonic from './senix-toughsonic.ts';

const modules = [
  maxbotixHrxlWr,
  maxbotixXlWr,
  dfrobotA02yyuw,
  dfrobotA01nyub,
  dfrobotSen0754,
  jsnSr04t,
  senixToughsonic,
  dfrobotSen0676,
  geoluxLx80,
] as const;

type Modules = { readonly [M in (typeof modules)[number] as M['name']]: M };
export const sensors = Object.fromEntries(modules.map((module) => [module.name, module])) as Modules;

export type SensorName = keyof typeof sensors;

/** The settings of one gauge: those of its sensor. */
export type GaugeConfig = { [N in SensorName]: Static<(typeof sensors)[N]['configSchema']> }[SensorName];
export const GaugeConfig = Type.Unsafe<GaugeConfig>(
  Type.Union(Object.values(sensors).map(({ configSchema }) => configSchema)),
);

/** Makes the driver that a gauge's settings ask for. */
export function createDriver(config: GaugeConfig): SensorDriver {
  // The settings' `sensor` picks the module whose schema they satisfied.
  const { create } = sensors[config.sensor] as { create(config: GaugeConfig): SensorDriver };
  return create(config);
}
