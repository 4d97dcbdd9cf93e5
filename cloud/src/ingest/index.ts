/**
 * The way in, after the broker:
 * - `createIngest({ readings, quarantine, gaugesOf, onCommit?, onRetry? })`: `submit(message)` resolves when all
 *   of it is durable; `gaugesOf` is `catalogue.gaugesOf`. In `onCommit` wake the judge and `receipts.note` each outcome.
 * - `createReceipts({ readings, channel, clock })`: `note(outcome)` after a commit, `announce(station, stream)` when a
 *   device says where it stands (health); both send the coalesced receipt through the channel.
 */
export { createIngest, type Ingest, type IngestOptions, type IngestOutcome, type Submission } from './ingest.ts';
export { createReceipts, type Receipts, type ReceiptsOptions } from './receipts.ts';
