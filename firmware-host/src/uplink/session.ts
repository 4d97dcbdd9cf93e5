/** What a kind of uplink provides: one connection, from its first packet to its last. lasting.ts makes it last. */

export type Attempt = {
  readonly station: string;
  /** The topics to be subscribed to, QoS 1, before the session is open. */
  readonly subscriptions: readonly string[];
  readonly will: { readonly topic: string; readonly payload: Uint8Array };
  readonly keepAliveS: number;
  readonly pingMs: number;
  /** Also the library's own bound on a PUBACK, where it has one. */
  readonly ackMs: number;
  readonly connectMs: number;
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
  /** Aborted when the attempt takes too long, or is no longer wanted: the opening then rejects and leaves nothing. */
  readonly signal: AbortSignal;
};

export type Ending = {
  readonly reason: string;
  /** The broker said that another client came under our name. */
  readonly takenOver?: boolean;
};

export type Session = {
  /** Resolves with the PUBACK; rejects with `uplink-refused` when it says no. May stay pending when the connection breaks. */
  publish(topic: string, payload: Uint8Array): Promise<void>;
  /** Resolves when the connection is over and nothing of it is left. */
  readonly ended: Promise<Ending>;
  /** Sends DISCONNECT (MQTT 3.1.1 §3.14.4: the server then discards the will) and ends. */
  leave(): Promise<void>;
  /** Breaks the connection, because of `reason`. */
  abort(reason: string): void;
};

/** Connects and subscribes. Rejects with a reason in words for a person. */
export type OpenSession = (attempt: Attempt) => Promise<Session>;
