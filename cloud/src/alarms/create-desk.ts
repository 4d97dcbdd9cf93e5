import { randomBytes } from 'node:crypto';
import type { Clock, StationId } from '@siaga/protocol';
import type { Catalogue } from '../fleet/catalogue.ts';
import type { JudgingStore, StateStore } from '../ports.ts';
import type { AlarmDesk, DeskView, Done } from './desk.ts';
import { deskCommands } from './desk-commands.ts';
import { type DeskMemory, emptyMemory, loadMemory } from './desk-memory.ts';
import { deskQueries } from './desk-queries.ts';
import { createDraft, type Draft } from './draft.ts';
import { type RoundContext, takeRound } from './round.ts';
import type { RuleSet } from './rule.ts';

export type DeskOptions = {
  readonly state: StateStore;
  readonly leases: Pick<JudgingStore, 'takeLease'>;
  readonly clock: Clock;
  readonly catalogue: Catalogue;
  readonly rules: Pick<RuleSet, 'covers' | 'escalation'>;
  /** Whether a technician is at work at a station: see `StationLevel.maintenance`. */
  readonly maintenance: (station: StationId) => boolean;
  /** Makes ids of alarms, groups and drills. */
  readonly mintId?: () => string;
};

const shard = 'alarms';

/**
 * The desk over a store. Rounds and commands follow one another, each one commit under the lease; what the memory says
 * is what was committed. After a commit that failed, or that nobody knows the end of, it is read anew from the store:
 * the next round finds whatever still holds, so that nothing is missed and nothing comes twice.
 */
export function createAlarmDesk(options: DeskOptions): AlarmDesk {
  const { state, leases, clock, catalogue, rules, maintenance, mintId = mintShortId } = options;
  const names = namesOf(catalogue);
  const context: RoundContext = { rules, catalogue, names, maintenance, mintId };
  /** Undefined when what the store keeps is not known: it is read anew before the next decision. */
  let memory: DeskMemory | undefined;
  let lastKnown = emptyMemory();
  let view: DeskView | undefined;
  let fence = 0;
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  }

  async function load(): Promise<DeskMemory> {
    memory = await loadMemory(state, clock.now());
    lastKnown = memory;
    view = undefined;
    return memory;
  }

  async function commit(draft: Draft): Promise<void> {
    if (draft.isEmpty()) return;
    try {
      await state.commit(draft.work({ shard, fence }));
    } catch (error) {
      memory = undefined;
      throw error;
    }
    draft.apply();
    view = undefined;
  }

  /** Decides on the memory as it is when its turn comes, and commits what was decided. */
  function decide<T>(decision: (draft: Draft) => Done<T> | Promise<Done<T>>): Promise<Done<T>> {
    return inTurn(async () => {
      const draft = createDraft(memory ?? (await load()), clock.now());
      const done = await decision(draft);
      if (done.ok) await commit(draft);
      return done;
    });
  }

  const known = (): DeskMemory => lastKnown;

  return {
    start: () =>
      inTurn(async () => {
        fence = await leases.takeLease(shard);
        await load();
      }),
    take: (found, stations) =>
      inTurn(async () => {
        const draft = createDraft(memory ?? (await load()), clock.now());
        takeRound(draft, { found, stations }, context);
        await commit(draft);
      }),
    view() {
      view ??= viewOf(known());
      return view;
    },
    ...deskCommands({ decide, context, state }),
    ...deskQueries({ memory: known, state }),
  };
}

function viewOf(memory: DeskMemory): DeskView {
  return {
    alarms: [...memory.alarms.values()],
    groups: [...memory.groups.values()],
    drills: [...memory.drills.values()],
    outOfService: [...memory.outOfService.values()],
  };
}

function namesOf(catalogue: Catalogue) {
  const basins = new Map(catalogue.basins.map(({ id, name }) => [id, name]));
  return {
    basin: (id: string) => basins.get(id) ?? id,
    station: (id: string) => catalogue.station(id)?.name ?? id,
  };
}

function mintShortId(): string {
  return randomBytes(8).toString('hex');
}
