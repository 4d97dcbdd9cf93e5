/**
 * A connection that may do one thing: ask for a certificate on its station's topic and be answered there. The answer
 * goes to who asked, by its connection: nobody else can subscribe to it.
 */
import { provisionTopic, type StationId } from '@siaga/protocol';
import type { AedesPublishPacket, Client } from 'aedes';
import { type RefusalError, refusalError } from './refusals.ts';

/** Who asks, by the certificate of the connection. */
export type ProvisionAsk = {
  readonly commonName: string;
  /** That certificate (DER). */
  readonly certificate: Uint8Array;
  readonly station: StationId;
  readonly payload: Uint8Array;
};

export type Provisioning = {
  readonly station: StationId;
  readonly commonName: string;
  /** Why it may not subscribe to this; undefined where it may. */
  subscribe(topic: string): RefusalError | undefined;
  /** Why it may not publish this; undefined where it may. Then `take` it, once it is acknowledged. */
  publish(topic: string, retain: boolean): RefusalError | undefined;
  take(payload: Uint8Array): Promise<void>;
};

/** A device asks once; more cost it a connection. */
const mostAsked = 5;

export function provisioning(options: {
  readonly station: StationId;
  readonly commonName: string;
  readonly certificate: Uint8Array;
  readonly client: Client;
  readonly answer: (ask: ProvisionAsk) => Promise<Uint8Array>;
}): Provisioning {
  const { station, commonName, certificate, client, answer } = options;
  const topics = { request: provisionTopic(station, 'request'), answer: provisionTopic(station, 'answer') };
  let listening = false;
  let asking = false;
  let asked = 0;
  return {
    station,
    commonName,
    subscribe(topic) {
      if (topic !== topics.answer) return refusalError('foreign-subscribe', 'only the answer to its own request');
      listening = true;
      return undefined;
    },
    publish(topic, retain) {
      if (topic !== topics.request) return refusalError('foreign-publish', 'only a request for a certificate');
      if (retain) return refusalError('foreign-publish', 'a request is never retained');
      // One that could not hear its answer would use its leave up for nothing.
      if (!listening) return refusalError('foreign-publish', 'a request before the subscription to its answer');
      if (asking) return refusalError('provision-limit', 'a request before the answer to the one before');
      if (asked >= mostAsked) return refusalError('provision-limit', `${asked} requests over one connection`);
      return undefined;
    },
    async take(payload) {
      asking = true;
      asked += 1;
      try {
        const answered = Buffer.from(await answer({ commonName, certificate, station, payload }));
        const packet = { cmd: 'publish', topic: topics.answer, payload: answered, qos: 1, dup: false, retain: false };
        client.publish(packet as AedesPublishPacket, () => {});
      } finally {
        asking = false;
      }
    },
  };
}
