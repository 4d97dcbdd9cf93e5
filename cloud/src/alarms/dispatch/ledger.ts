/**
 * The delivery records that are not done with, in memory and written through. Steps are applied one after the other to
 * what is current, and whatever waits meanwhile goes into one commit: an outcome and a newer wish never overwrite one
 * another, and a storm is a few commits.
 */
import type { Put, StateStore } from '../../ports.ts';
import { put } from '../../ports.ts';
import { type DeliveryRecord, deliveryKind, interrupted, isDone } from './delivery.ts';

type Look = (id: string) => DeliveryRecord | undefined;

/** From what is current to what it becomes; may also write records of its own in the same commit. */
export type Step = (look: Look) => { readonly rows: readonly DeliveryRecord[]; readonly puts?: readonly Put[] };

export type Ledger = {
  /** Loads what an earlier run left undone. */
  start(): Promise<void>;
  all(): Iterable<DeliveryRecord>;
  of(group: string): readonly DeliveryRecord[];
  look: Look;
  /** Groups and tests with something undone. */
  groups(): Iterable<string>;
  /** Durable and current when it resolves; rejects when it could not be kept, and nothing has changed then. */
  apply(step: Step): Promise<void>;
  /** Resolves when no commit is under way. */
  idle(): Promise<void>;
};

export type Lease = { readonly shard: string; readonly fence: number };

type Waiting = { readonly step: Step; done(): void; failed(error: unknown): void };

export function createLedger(
  state: Pick<StateStore, 'records' | 'commit'>,
  clock: { now(): number },
  lease?: Lease,
): Ledger {
  const rows = new Map<string, DeliveryRecord>();
  const byGroup = new Map<string, Map<string, DeliveryRecord>>();
  let queue: Waiting[] = [];
  let busy = false;
  let running: Promise<void> | undefined;

  function keep(record: DeliveryRecord): void {
    const group = byGroup.get(record.group) ?? new Map<string, DeliveryRecord>();
    if (isDone(record)) {
      rows.delete(record.id);
      group.delete(record.id);
    } else {
      rows.set(record.id, record);
      group.set(record.id, record);
    }
    if (group.size === 0) byGroup.delete(record.group);
    else byGroup.set(record.group, group);
  }

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const taken = queue;
      queue = [];
      const next = new Map<string, DeliveryRecord>();
      const puts: Put[] = [];
      const good = taken.filter(({ step, failed }) => {
        try {
          const made = step((id) => next.get(id) ?? rows.get(id));
          for (const row of made.rows) next.set(row.id, row);
          puts.push(...(made.puts ?? []));
          return true;
        } catch (error) {
          failed(error);
          return false;
        }
      });
      try {
        for (const body of next.values())
          puts.push(
            put({
              kind: deliveryKind,
              id: body.id,
              body,
              subject: body.group,
              atMs: body.waitingSinceMs,
              closed: isDone(body),
            }),
          );
        if (puts.length > 0)
          await state.commit({ nowMs: clock.now(), puts, ...(lease === undefined ? {} : { lease }) });
        for (const record of next.values()) keep(record);
        for (const { done } of good) done();
      } catch (error) {
        for (const { failed } of good) failed(error);
      }
    }
    busy = false;
  }

  return {
    async start() {
      for (const { body } of await state.records(deliveryKind, { open: true })) keep(interrupted(body));
    },
    all: () => rows.values(),
    of: (group) => [...(byGroup.get(group)?.values() ?? [])],
    look: (id) => rows.get(id),
    groups: () => byGroup.keys(),
    apply: (step) =>
      new Promise((resolve, reject) => {
        queue.push({ step, done: resolve, failed: reject });
        if (busy) return;
        busy = true;
        running = run();
      }),
    idle: async () => running,
  };
}
