/** An outbox without a disk: for tests of what stands above it. Passes the same contract suite. */
import { hasSeq, mintStreamId } from '@siaga/protocol';
import { agentError } from '../errors.ts';
import { appended, newLedger, settledWith, stateOf } from './ledger.ts';
import type { Outbox, StoredReading } from './outbox.ts';

export function createMemoryOutbox(): Outbox {
  let ledger = newLedger(mintStreamId());
  let held: StoredReading[] = [];
  let closed = false;

  return {
    state: () => stateOf(ledger, held.length, 0),
    storeId: () => ledger.storeId,
    async append(draft) {
      if (closed) throw agentError('outbox-closed', 'the outbox is closed');
      const seq = ledger.lastSeq + 1;
      const stored = { ...draft, stream: ledger.stream, reading: { ...draft.reading, seq } };
      held.push(stored);
      ledger = appended(ledger, seq, seq);
      return stored;
    },
    async lease(seqs, limit) {
      return held.filter(({ reading }) => hasSeq(seqs, reading.seq)).slice(0, limit);
    },
    async settle(settlement) {
      if (settlement.stream === ledger.stream) ledger = settledWith(ledger, settlement);
    },
    async remint(seqs) {
      const moved = held.filter(({ reading }) => hasSeq(seqs, reading.seq));
      const stream = mintStreamId();
      held = moved.map((stored, i) => ({ ...stored, stream, reading: { ...stored.reading, seq: i + 1 } }));
      ledger = newLedger(stream);
      if (held.length > 0) ledger = appended(ledger, 1, held.length);
      return stream;
    },
    async close() {
      closed = true;
    },
  };
}
