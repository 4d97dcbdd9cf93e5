/**
 * The way in, after the broker:
 * - `createIngest({ readings, quarantine, gaugesOf, onCommit?, onRetry? })`: `submit(message)` resolves when all
 *   of it is durable; `gaugesOf` is `catalogue.gaugesOf`. In `onCommit` wake the judge and `receipts.note` each outcome.
 * - `createReceipts({ readings, quarantine, channel, clock })`: `note(outcome)` after a commit,
 *   `announce(station, stream, connection)` when a device tells of itself (health); both send the coalesced receipt.
 */
export { createIngest, type IngestOutcome } from './ingest.ts';
export { createReceipts } from './receipts.ts';
