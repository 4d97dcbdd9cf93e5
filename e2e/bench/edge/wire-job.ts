/** What the process that counts bytes tells. */

/** Readings in a message: at once, every 5 minutes, every hour, at one a minute. */
export const batchSizes = [1, 5, 60] as const;

export type WireCounts = {
  /** Of a message with its acknowledgements: of a calm device, without a receipt, and with one. */
  readonly sizes: readonly { readonly size: number; readonly calm: number; readonly receipted: number }[];
  /** Receipts that came for the calm ones, all in all: none, if the platform finds the device calm. */
  readonly calmReceipts: number;
  /** Receipts for each of the others: one. */
  readonly busyReceipts: number;
  /** Of one connection: TCP, TLS with two certificates, CONNECT, subscriptions, a first health and its receipt. */
  readonly connect: number;
  /** Of one health message with its answers. */
  readonly health: number;
  /** Of one ping and its answer. */
  readonly ping: number;
};
