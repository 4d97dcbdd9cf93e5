import {
  claimPrefix,
  type DeviceTopic,
  deviceTopics,
  isStationId,
  type StationId,
  stationOfClientId,
  topicOf,
} from '@siaga/protocol';
import type { Refusal } from './refusals.ts';

/** What a connecting device says of itself, and what its certificate says. */
export type Introduction = {
  /** CN of the verified certificate; several when the certificate is odd. */
  readonly commonName: string | string[] | undefined;
  /** A connection that resumes an earlier one (RFC 8446 §2.2) shows the certificate of then: it is judged again here. */
  readonly revoked: boolean;
  readonly expired: boolean;
  readonly clientId: string;
  readonly willTopic: string | undefined;
  readonly protocolVersion: number;
};

/** `station`: its data. `provision`: a claim, or a station beside itself, that may only ask for a certificate. */
export type Admission =
  | { readonly ok: true; readonly as: 'station'; readonly station: StationId }
  | { readonly ok: true; readonly as: 'provision'; readonly station: StationId; readonly commonName: string }
  | { readonly ok: false; readonly refusal: Refusal; readonly detail: string };

/**
 * Certificate CN = MQTT client id = a station of the catalogue; a last will only as this station's health. Who asks for
 * a certificate has the client id `<CN>:<station>`: under a claim any station's, else its own; and no will.
 */
export function admit(introduction: Introduction, knows: (station: StationId) => boolean): Admission {
  const { commonName, revoked, expired, clientId, willTopic, protocolVersion } = introduction;
  if (protocolVersion !== 4) return refuse('protocol-version', `MQTT protocol level ${protocolVersion}, not 4 (3.1.1)`);
  if (typeof commonName !== 'string') return refuse('certificate-name', 'the certificate has not one CN');
  const claimed = commonName.startsWith(claimPrefix);
  if (!claimed && !isStationId(commonName)) return refuse('certificate-name', 'the certificate’s CN is no station id');
  if (revoked) return refuse('revoked-certificate', 'the certificate is revoked');
  if (expired) return refuse('expired-certificate', 'the certificate has expired');
  const asked = stationOfClientId(clientId, commonName);
  if (asked !== undefined && (claimed || asked === commonName)) {
    if (willTopic !== undefined) return refuse('foreign-will', 'who asks for a certificate leaves no last will');
    // Whether a claim's station is known is told in the answer: that is where its device looks.
    if (!claimed && !knows(asked)) return refuse('unknown-station', 'not in the catalogue');
    return { ok: true, as: 'provision', station: asked, commonName };
  }
  if (claimed) return refuse('client-id', 'the client id under a claim must be claim:NAME:STATION');
  if (clientId !== commonName) return refuse('client-id', 'client id differs from the certificate’s CN');
  if (!knows(commonName)) return refuse('unknown-station', 'not in the catalogue');
  if (willTopic !== undefined && willTopic !== topicOf(commonName, 'health'))
    return refuse('foreign-will', 'last will is not on the station’s own health topic');
  return { ok: true, as: 'station', station: commonName };
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
