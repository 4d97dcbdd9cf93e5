/** What a load generator is told, as the one argument of its process. */
export type LoadJob = {
  readonly mqttUrl: string;
  readonly pki: string;
  readonly stations: readonly string[];
  readonly readingsPerMessage: number;
  /** Event time of the first reading; each next one is a minute later. */
  readonly firstAtMs: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** Messages that each connection has ready before it begins. */
  readonly prepared: number;
};

/** What it says, one JSON line each. */
export type LoadEvent =
  | { readonly event: 'began' }
  /** The window is over: readings acknowledged in it, and how long it was. */
  | { readonly event: 'measured'; readonly readings: number; readonly windowMs: number }
  /** Nothing is in flight any more. `uncovered` streams have no receipt for their last acknowledged reading. */
  | {
      readonly event: 'settled';
      readonly acknowledged: number;
      readonly uncovered: number;
      readonly lastAtMs: readonly number[];
    };

/** How many messages each connection has unacknowledged. */
export const windowMessages = 10;
