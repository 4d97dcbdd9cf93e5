/** The alarm desk: what is open, what people do with it, and what it makes known. */
import type { AlarmDetail, StationId } from '@siaga/protocol';
import type { Actor, AlarmState, GroupState } from '../domain/alarm.ts';
import type { KpiSpan, Kpis } from './kpis.ts';
import type { DrillState, OutOfService } from './records.ts';
import type { FoundCondition, KnownCrossing } from './rule.ts';

/** What a person may not do, as a value: the API turns it into a problem. */
export type Refused = {
  readonly ok: false;
  readonly code: 'not-found' | 'stale-version' | 'not-now' | 'not-permitted' | 'invalid';
  readonly reason: string;
};
export type Done<T> = { readonly ok: true; readonly value: T } | Refused;

/** Who acts, and as what: the desk derives nothing from the request's body. */
export type Acting = {
  readonly actor: Actor;
  readonly mayShelveTop: boolean;
  /** The drill the actor takes part in: its alarms are in reach, others' drills are not. */
  readonly drill: string | null;
};

/** An alarm as the person saw it: another version refuses the command. */
export type Seen = { readonly id: string; readonly version: number };

export type AlarmDesk = {
  /** Takes the lease and loads what is open. Once, before anything else. */
  start(): Promise<void>;
  /**
   * Takes what the rules found. `stations`: only these were looked at. Raises, steps, returns, closes, groups,
   * escalates and repeats by the clock, in one durable commit.
   */
  take(found: readonly FoundCondition[], stations?: ReadonlySet<StationId>): Promise<void>;
  /** Open alarms and groups, running drills and what is out of service; the same object until something changes. */
  view(): DeskView;
  acknowledge(acting: Acting, seen: readonly Seen[], reason?: string): Promise<Done<readonly AlarmState[]>>;
  acknowledgeGroup(acting: Acting, seen: Seen): Promise<Done<GroupState>>;
  shelve(
    acting: Acting,
    seen: Seen,
    shelf: { readonly untilMs: number; readonly oneShot: boolean; readonly reason: string },
  ): Promise<Done<AlarmState>>;
  unshelve(acting: Acting, seen: Seen): Promise<Done<AlarmState>>;
  /** Of a returned, latched alarm. */
  reset(acting: Acting, seen: Seen): Promise<Done<AlarmState>>;
  /** Takes a station's rule (or all its rules) out of service, visibly, until then or until put back. */
  outOfService(
    acting: Acting,
    work: {
      readonly station: StationId;
      readonly rule: string | null;
      readonly untilMs: number | null;
      readonly reason: string;
    },
  ): Promise<Done<null>>;
  inService(
    acting: Acting,
    work: { readonly station: StationId; readonly rule: string | null; readonly reason: string },
  ): Promise<Done<null>>;
  /** Open or closed; without deliveries, which the API adds. Undefined where there is none, or of another's drill. */
  detail(id: string, drill: string | null): Promise<Omit<AlarmDetail, 'deliveries'> | undefined>;
  /** Open and closed ones, by when they were made known in [fromMs, toMs), newest first. */
  history(query: { fromMs: number; toMs: number; limit: number; drill: string | null }): Promise<readonly AlarmState[]>;
  /** Crossings that alarms have made known: see `World.madeKnown`. */
  madeKnown(station: StationId, fromMs: number): readonly KnownCrossing[];
  /** Exercises: the newest first, those that run among them. */
  drills(limit: number): Promise<readonly DrillState[]>;
  /** The drill that the account takes part in now. */
  drillOf(account: string): string | null;
  startDrill(
    acting: Acting,
    work: { readonly scenario: string; readonly minutes: number; readonly participants: readonly string[] },
  ): Promise<Done<DrillState>>;
  /** Ends it before its time, with all its alarms. */
  endDrill(acting: Acting, id: string): Promise<Done<DrillState>>;
  /** The figures of alarm management of [fromMs, toMs), drills left out. */
  kpis(span: KpiSpan, operators: number): Promise<Kpis>;
};

export type DeskView = {
  readonly alarms: readonly AlarmState[];
  readonly groups: readonly GroupState[];
  readonly drills: readonly DrillState[];
  readonly outOfService: readonly OutOfService[];
};
