import type { ChangeLog, FleetStore, JudgingStore, Quarantine, ReadingStore } from '../ports.ts';

/** Everything that one store keeps, behind its ports. `close` ends all of them. */
export type Stores = {
  readonly readings: ReadingStore;
  readonly judging: JudgingStore;
  readonly changes: ChangeLog;
  readonly quarantine: Quarantine;
  readonly fleet: FleetStore;
  close(): Promise<void>;
};
