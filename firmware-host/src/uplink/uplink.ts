/**
 * The way out: one connection to a broker at a time, made again whenever it breaks. It keeps no queue; the
 * outbox is the queue.
 */
import type { CloudTopic, DeviceTopic } from '@siaga/protocol';

export type UplinkEvents = {
  /** A connection stands and its subscriptions are granted. `connection` rises over the life of the data folder. */
  onConnected(connection: number): void;
  onDisconnected(reason: string): void;
  onMessage(kind: CloudTopic, payload: Uint8Array): void;
};

export type Uplink = {
  connected(): boolean;
  /** Attempts made to connect again after a connection had stood. */
  reconnects(): number;
  /** Why there is no connection, in words for a person; null while there is one, or before the first attempt ended. */
  trouble(): string | null;
  /**
   * Publishes with QoS 1; resolves with the broker's PUBACK, which proves no storage. Rejects with
   * `uplink-disconnected` at once while offline and when the connection breaks, with `uplink-refused` when the
   * broker says no, or with `uplink-ack-timeout`, after which the connection is made anew.
   */
  publish(kind: DeviceTopic, payload: Uint8Array): Promise<void>;
  /** The agent is about to end: a connection that breaks from now on is not made again, and is no news. */
  leave(): void;
  /** Ends the connection properly, so that the broker keeps the last will to itself. */
  close(): Promise<void>;
};

/** Real milliseconds. */
export type UplinkTiming = {
  /** A publish without its PUBACK ends the connection: a link that swallows one may swallow everything. */
  readonly ackMs: number;
  /** A ping without its answer ends the connection. */
  readonly pingMs: number;
  /** From the first packet to the granted subscriptions. */
  readonly connectMs: number;
  readonly backOffFirstMs: number;
  readonly backOffMostMs: number;
};

export const defaultTiming: UplinkTiming = {
  ackMs: 15_000,
  pingMs: 10_000,
  connectMs: 20_000,
  backOffFirstMs: 500,
  backOffMostMs: 15_000,
};
