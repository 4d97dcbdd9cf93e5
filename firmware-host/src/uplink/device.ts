/** What the device says of itself: health and about. Pure. */
import { type About, encodeJson, type Health, type OnlineHealth } from '@siaga/protocol';
import type { Gauge } from '../gauge.ts';

const firmware = { name: 'siaga-agent', version: '0.1.0' };
const modelLength = 120;

/** Calibrations belong to the catalogue; the agent has none to tell. */
export function aboutOf(gauges: readonly Gauge[]): Uint8Array {
  const about: About = {
    v: 1,
    firmware,
    gauges: gauges.map(({ config, driver, status }) => {
      const identity = status().identity.join(' ');
      const model = identity === '' ? config.sensor : `${config.sensor} (${identity})`;
      const { minMm, maxMm, blankingMm } = driver;
      return { gauge: config.gauge, model: model.slice(0, modelLength), minMm, maxMm, blankingMm };
    }),
    calibrations: [],
  };
  return encodeJson(about);
}

export function onlineHealth(health: Omit<OnlineHealth, 'v' | 'state'>): Uint8Array {
  return encodeJson({ v: 1, state: 'online', ...health } satisfies Health);
}

/** The last will, and the last word of an agent that stops. */
export function offlineHealth(connection: number): Uint8Array {
  return encodeJson({ v: 1, state: 'offline', connection } satisfies Health);
}
