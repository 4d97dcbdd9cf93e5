/** The kinds of uplink. Adding one is its file, its settings in config.ts and a line here. */
import { topicOf } from '@siaga/protocol';
import type { Logger } from 'pino';
import type { UplinkConfig } from './config.ts';
import { type DeviceTime, trustedClock } from './device-time.ts';
import { createLastingUplink } from './lasting.ts';
import type { OpenSession } from './session.ts';
import { type Target, targetOf } from './target.ts';
import { defaultTiming, type Uplink, type UplinkEvents, type UplinkTiming } from './uplink.ts';

type Kind = NonNullable<UplinkConfig['kind']>;
type Way = Pick<UplinkConfig, 'ca' | 'cert' | 'key'> & { readonly target: Target; readonly time: DeviceTime };

/** Loaded when it is used: each library costs 15 MB, and an agent needs one. */
export const uplinks: Readonly<Record<Kind, (way: Way) => Promise<OpenSession>>> = {
  mqtt: async ({ target, time, ...credentials }) =>
    (await import('./mqtt.ts')).mqttSessions({ target, time, credentials }),
  'aws-iot': async ({ target, time, ...credentials }) =>
    (await import('./aws-iot.ts')).awsIotSessions({ target, time, credentials }),
};

export type UplinkSettings = {
  readonly station: string;
  readonly config: UplinkConfig;
  /** The next connection's number, durable before it is used. */
  readonly nextConnection: () => Promise<number>;
  /** The last will of a connection, on the topic `health`. */
  readonly willOf: (connection: number) => Uint8Array;
  /** Whether something is happening at the river. A connection made then asks more often whether it still stands. */
  readonly eventful?: () => boolean;
  /** Without it the clock is taken for right. */
  readonly time?: DeviceTime;
  readonly log: Logger;
  readonly timing?: Partial<UplinkTiming>;
};

/** With the wait for a ping's answer below the 6 min in which a dead link should be noticed; pings cost 200 B each. */
const calmKeepAliveS = 340;
const eventKeepAliveS = 60;

/** Connects from now on, until it is closed. */
export function openUplink(settings: UplinkSettings, events: UplinkEvents): Uplink {
  const { station, config, nextConnection, willOf, log, time = trustedClock, eventful = () => false } = settings;
  const { ca, cert, key, kind = 'mqtt', keepAliveS, retryMostS } = config;
  const target = targetOf(config);
  const rule = config.kind === 'aws-iot' ? config.basicIngestRule : undefined;
  let opening: Promise<OpenSession> | null = null;
  return createLastingUplink(
    {
      station,
      nextConnection,
      willOf,
      log,
      open: async (attempt) => {
        // What could not be loaded is loaded again at the next attempt.
        opening ??= uplinks[kind]({ target, time, ca, cert, key }).catch((error) => {
          opening = null;
          throw error;
        });
        return (await opening)(attempt);
      },
      topicFor: (topic) =>
        topic === 'readings' && rule ? `$aws/rules/${rule}/${topicOf(station, topic)}` : topicOf(station, topic),
      keepAliveS: () => Math.min(keepAliveS ?? calmKeepAliveS, eventful() ? eventKeepAliveS : Number.POSITIVE_INFINITY),
      limits: {
        publishesPerS: config.publishesPerS ?? 100,
        bytesPerS: (config.kilobytesPerS ?? 500) * 1_000,
      },
      timing: {
        ...defaultTiming,
        ...(retryMostS ? { backOffMostMs: retryMostS * 1_000 } : {}),
        ...settings.timing,
      },
    },
    events,
  );
}
