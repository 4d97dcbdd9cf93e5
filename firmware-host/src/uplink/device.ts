/** What the device says of itself: health and about. Pure. */
import { type About, encodeJson, type Health, type OnlineHealth } from '@siaga/protocol';
import type { Gauge } from '../gauge.ts';
import { agentVersion } from '../version.ts';

const firmware = { name: 'siaga-agent', version: agentVersion };
const modelLength = 120;

/** `kept`: the calibrations made with this device, and the settings that the platform has put in force. */
export function aboutOf(gauges: readonly Gauge[], kept: Pick<About, 'calibrations' | 'settings'>): Uint8Array {
  const about: About = {
    v: 1,
    firmware,
    gauges: gauges.map(({ config, driver, status }) => {
      const identity = status().identity.join(' ');
      const model = identity === '' ? config.sensor : `${config.sensor} (${identity})`;
      const { minMm, maxMm, blankingMm } = driver;
      return { gauge: config.gauge, model: model.slice(0, modelLength), minMm, maxMm, blankingMm };
    }),
    ...kept,
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
