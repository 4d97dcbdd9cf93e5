import { isStationId, type StationId } from './identity.ts';
import { type Parsed, parsed, refused } from './result.ts';

const root = 'flood/v1';

/** What a device sends and what it is sent. The cloud never publishes the first, a device never the second. */
export const deviceTopics = ['readings', 'health', 'about'] as const;
export const cloudTopics = ['receipt', 'command'] as const;

export type DeviceTopic = (typeof deviceTopics)[number];
export type CloudTopic = (typeof cloudTopics)[number];
export type TopicKind = DeviceTopic | CloudTopic;

const kinds: ReadonlySet<string> = new Set([...deviceTopics, ...cloudTopics]);

/** `flood/v1/<station>/<kind>` */
export function topicOf(station: StationId, kind: TopicKind): string {
  return `${root}/${station}/${kind}`;
}

export function parseTopic(topic: string): Parsed<{ station: StationId; kind: TopicKind }> {
  const [flood, version, station, kind, ...rest] = topic.split('/');
  if (`${flood}/${version}` !== root || rest.length > 0) return refused(`topic is not ${root}/<station>/<kind>`);
  if (station === undefined || !isStationId(station)) return refused('topic: station is not a station id');
  if (kind === undefined || !kinds.has(kind)) return refused(`topic: kind is none of ${[...kinds].join(', ')}`);
  return parsed({ station, kind: kind as TopicKind });
}

export function isDeviceTopic(kind: TopicKind): kind is DeviceTopic {
  return (deviceTopics as readonly string[]).includes(kind);
}

/** Where a device asks for its certificate and is answered; outside the readings' tree, so that no station's name leads there. */
export type ProvisionKind = 'request' | 'answer';

const provisionRoot = 'siaga/provision/v1';

/** `siaga/provision/v1/<station>/<request|answer>` */
export function provisionTopic(station: StationId, kind: ProvisionKind): string {
  return `${provisionRoot}/${station}/${kind}`;
}

export function parseProvisionTopic(topic: string): Parsed<{ station: StationId; kind: ProvisionKind }> {
  const [first, second, third, station, kind, ...rest] = topic.split('/');
  if (`${first}/${second}/${third}` !== provisionRoot || rest.length > 0)
    return refused(`topic is not ${provisionRoot}/<station>/<request|answer>`);
  if (station === undefined || !isStationId(station)) return refused('topic: station is not a station id');
  if (kind !== 'request' && kind !== 'answer') return refused('topic: kind is neither request nor answer');
  return parsed({ station, kind });
}
