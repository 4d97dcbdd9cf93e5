import type {
  AuditLog,
  ChangeLog,
  FleetStore,
  HistoryStore,
  JudgingStore,
  Quarantine,
  ReadingStore,
  StateStore,
} from '../ports.ts';

/** Everything that one store keeps, behind its ports. `close` ends all of them. */
export type Stores = {
  readonly readings: ReadingStore;
  readonly judging: JudgingStore;
  readonly history: HistoryStore;
  readonly changes: ChangeLog;
  readonly quarantine: Quarantine;
  readonly fleet: FleetStore;
  readonly state: StateStore;
  readonly audit: AuditLog;
  close(): Promise<void>;
};
