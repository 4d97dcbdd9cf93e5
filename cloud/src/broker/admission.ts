import { type DeviceTopic, deviceTopics, isStationId, type StationId, topicOf } from '@siaga/protocol';
import type { Refusal } from './refusals.ts';

/** What a connecting device says of itself, and what its certificate says. */
export type Introduction = {
  /** CN of the verified certificate; several when the certificate is odd. */
  readonly commonName: string | string[] | undefined;
  readonly clientId: string;
  readonly willTopic: string | undefined;
  readonly protocolVersion: number;
};

export type Admission =
  | { readonly ok: true; readonly station: StationId }
  | { readonly ok: false; readonly refusal: Refusal; readonly detail: string };

/** Certificate CN = MQTT client id = a station of the catalogue; a last will only as this station's health. */
export function admit(introduction: Introduction, knows: (station: StationId) => boolean): Admission {
  const { commonName, clientId, willTopic, protocolVersion } = introduction;
  if (protocolVersion !== 4) return refuse('protocol-version', `MQTT protocol level ${protocolVersion}, not 4 (3.1.1)`);
  if (typeof commonName !== 'string' || !isStationId(commonName))
    return refuse('certificate-name', 'the certificate’s CN is no station id');
  if (clientId !== commonName) return refuse('client-id', 'client id differs from the certificate’s CN');
  if (!knows(commonName)) return refuse('unknown-station', 'not in the catalogue');
  if (willTopic !== undefined && willTopic !== topicOf(commonName, 'health'))
    return refuse('foreign-will', 'last will is not on the station’s own health topic');
  return { ok: true, station: commonName };
}

function refuse(refusal: Refusal, detail: string): Admission {
  return { ok: false, refusal, detail };
}

/** The only topics of a station: made once a connection, so that a message costs one look-up. */
export type StationTopics = {
  readonly publish: ReadonlyMap<string, DeviceTopic>;
  readonly receipt: string;
  readonly command: string;
};

export function topicsOf(station: StationId): StationTopics {
  return {
    publish: new Map(deviceTopics.map((kind) => [topicOf(station, kind), kind])),
    receipt: topicOf(station, 'receipt'),
    command: topicOf(station, 'command'),
  };
}
