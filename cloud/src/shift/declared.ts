/**
 * What people declare of stations: the official status, and how gates and pumps stand. Beside the sensor's provisional
 * band, never in its place: each declaration keeps what the machine said at that moment.
 */
import type { Clock, OfficialStatus, StationId, StationLevel, Works } from '@siaga/protocol';
import type { Actor } from '../domain/alarm.ts';
import { type ChangeDraft, type JournalDraft, put, recordKind, type StateStore } from '../ports.ts';
import { type LogLine, logLines } from './log.ts';

/** Null: withdrawn; kept, so that the audit's before and after have a place. */
const officials = recordKind<OfficialStatus | null>('official');
const works = recordKind<Works>('works');

export type DeclaredStatus = Pick<OfficialStatus, 'severity' | 'label'>;
export type EnteredWorks = Pick<Works, 'gates' | 'pumps'>;

export type Declarations = {
  official(station: StationId): OfficialStatus | null;
  works(station: StationId): Works | null;
  /** Null withdraws. Undefined for a station that the catalogue does not have. */
  declare(actor: Actor, station: StationId, status: DeclaredStatus | null): Promise<OfficialStatus | null | undefined>;
  enterWorks(actor: Actor, station: StationId, entered: EnteredWorks): Promise<Works | undefined>;
};

export type DeclarationsOptions = {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly knows: (station: StationId) => boolean;
  /** What the machine says of a station now. */
  readonly level: (station: StationId) => StationLevel | undefined;
};

/** Loads what was declared; from then on memory and store go together. */
export async function createDeclarations(options: DeclarationsOptions): Promise<Declarations> {
  const { state, clock, knows, level } = options;
  const statuses = new Map((await state.records(officials)).map(({ id, body }) => [id, body]));
  const standing = new Map((await state.records(works)).map(({ id, body }) => [id, body]));

  /** One commit of a declaration: record, shift log, audit and change. */
  async function keep(work: {
    readonly actor: Actor;
    readonly station: StationId;
    readonly record: ReturnType<typeof put>;
    readonly line: Omit<LogLine, 'actor' | 'station'>;
    readonly act: string;
    readonly before: unknown;
    readonly after: unknown;
    readonly change: ChangeDraft;
  }): Promise<void> {
    const { actor, station, record, line, act, before, after, change } = work;
    const entry: JournalDraft = { kind: logLines, subject: station, body: { ...line, actor, station } };
    await state.commit({
      nowMs: clock.now(),
      puts: [record],
      journal: [entry],
      audit: [
        { actor, act, subject: station, before: { ...(before as object), machine: level(station) ?? null }, after },
      ],
      changes: [change],
    });
  }

  return {
    official: (station) => statuses.get(station) ?? null,
    works: (station) => standing.get(station) ?? null,
    async declare(actor, station, status) {
      if (!knows(station)) return undefined;
      const declaredAt = new Date(clock.now()).toISOString();
      const official = status === null ? null : { ...status, declaredAt, by: actor };
      const text = official === null ? 'Official status withdrawn' : `Official status: ${official.label}`;
      await keep({
        actor,
        station,
        record: put({ kind: officials, id: station, body: official }),
        line: { kind: 'status', text, alarm: null, drill: null, handover: null },
        act: 'station.official-status',
        before: { official: statuses.get(station) ?? null },
        after: { official },
        change: { kind: 'official', id: station, official },
      });
      statuses.set(station, official);
      return official;
    },
    async enterWorks(actor, station, entered) {
      if (!knows(station)) return undefined;
      const now: Works = { ...entered, enteredAt: new Date(clock.now()).toISOString(), by: actor };
      await keep({
        actor,
        station,
        record: put({ kind: works, id: station, body: now }),
        line: { kind: 'works', text: worksText(now), alarm: null, drill: null, handover: null },
        act: 'station.works',
        before: { works: standing.get(station) ?? null },
        after: { works: now },
        change: { kind: 'works', id: station, works: now },
      });
      standing.set(station, now);
      return now;
    },
  };
}

function worksText({ gates, pumps }: EnteredWorks): string {
  const parts = [
    ...gates.map(({ name, openPercent }) => `${name} ${openPercent} % open`),
    ...pumps.map(({ name, state }) => `${name} ${state}`),
  ];
  return parts.length === 0 ? 'No gates or pumps' : parts.join(', ');
}
