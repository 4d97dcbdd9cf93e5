/**
 * What a rule is: a pure look at what is known, which finds conditions. Adding one is a file in `rules/` and a line in
 * `rules/list.ts`; its settings' schema joins the catalogue's `alarms` section by itself.
 */
import type {
  AlarmList,
  AlarmSubject,
  Band,
  ChannelState,
  Evidence,
  Priority,
  Reach,
  Severity,
  StationId,
  StationKind,
  StationLevel,
  StationValue,
  Works,
} from '@siaga/protocol';
import type { Static, TObject } from 'typebox';
import type { KnownEpisode } from '../domain/episode.ts';
import type { JudgedStation } from '../domain/level.ts';
import type { CatalogueStation } from '../fleet/station.ts';
import type { Device } from '../ports.ts';

/** All that is known of one station at the world's time. */
export type StationFacts = {
  readonly station: CatalogueStation;
  readonly bands: readonly Band[];
  readonly judged: JudgedStation;
  readonly level: StationLevel;
  readonly value: StationValue | null;
  readonly device: Device | null;
  readonly works: Works | null;
};

/** All that is known of the box that the platform runs on. Null where it cannot be told. */
export type PlatformFacts = {
  readonly startedAtMs: number;
  readonly diskFreeBytes: number | null;
  readonly diskFreePercent: number | null;
  /** When the newest message was committed, ms UTC by the platform's clock. */
  readonly watermarkMs: number | null;
  /** How long judging takes behind it. */
  readonly judgingLagS: number | null;
  /** What ingest, judge and clock complain of: sentences, each starting with its part (`store: …`, `clock: …`). */
  readonly troubles: readonly string[];
  readonly channels: readonly ChannelState[];
  /** The independent watcher could not be told that all is well. */
  readonly heartbeatFault: string | null;
};

/** A crossing that an alarm of `rule` made known: its limit was passed at `sinceMs`, in event time. */
export type KnownCrossing = {
  readonly rule: string;
  readonly key: string;
  readonly severity: Severity;
  readonly sinceMs: number;
  /** When that alarm's condition returned to normal, acknowledged or not; null while it is active. */
  readonly returnedAtMs: number | null;
  /** Where that alarm stands now, or stood last: it may have stepped down since it made this crossing known. */
  readonly standing: Severity | null;
};

/** What rules look at: one consistent moment. */
export type World = {
  readonly nowMs: number;
  readonly stations: ReadonlyMap<StationId, StationFacts>;
  readonly reaches: readonly Reach[];
  readonly platform: PlatformFacts;
  /** Episodes of a station that end after `fromMs` or last, as known now. */
  episodes(station: StationId, fromMs: number): readonly KnownEpisode[];
  /** Crossings of a station that alarms of any rule (active at `fromMs` or later) have made known. */
  madeKnown(station: StationId, fromMs: number): readonly KnownCrossing[];
};

/** The world with what turns its figures into text. */
export type RuleWorld = World & {
  /** `02:10` in the deployment's time zone, with the date where it is not of the last hours. */
  timeOfDay(atMs: number): string;
};

/**
 * A condition that a rule sees. `on` wants an alarm (after the on-delay); `hold` lies in the dead-band: it keeps an
 * alarm that is there and raises none. What a rule does not find has gone (the off-delay begins).
 */
export type Finding = {
  /** Unique among all conditions: `level/katulampa`. */
  readonly key: string;
  readonly signal: 'on' | 'hold';
  readonly subject: AlarmSubject;
  readonly station: StationId | null;
  readonly basin: string | null;
  readonly priority: Priority;
  readonly severity: Severity | null;
  /** In event time. */
  readonly sinceMs: number;
  /** One line, with the figures: what the operator reads. */
  readonly headline: string;
  readonly evidence: Evidence;
  /**
   * Of an `on`: up to this priority an alarm that already stands is kept as it is, since what it says is still within
   * its dead-band. Only a louder one begins to ease.
   */
  readonly keeps?: Priority;
  /** Why it must stay silent by design, e.g. since a wider fault explains it. */
  readonly suppressed?: string;
  /** A technician is at work at the station: the alarm is silent as long as it says so. */
  readonly maintenance?: boolean;
};

/** What every rule can be set to. Delays in seconds; `reAlarmMin` null: never again. */
export type CommonSettings = {
  readonly on: boolean;
  readonly onDelayS: number;
  readonly offDelayS: number;
  readonly reAlarmMin: number | null;
  /** Returned is not enough: a person must reset it. */
  readonly latch: boolean;
  readonly response: string;
};

type Named<S extends TObject> = {
  /** `level`, `rate`, `silence`: names the rule in catalogues, alarms and the record. */
  readonly name: string;
  readonly list: AlarmList;
  /** One sentence for `docs/alarms.md` and the API. */
  readonly about: string;
  /** It looks at what is not kept over time, such as agents and the box: a dry run cannot replay it. */
  readonly notReplayed?: true;
  /** The rule's own settings; the common ones are added to it. */
  readonly settings: S;
};

/** Looks at one station at a time; its settings can be overridden by kind, basin and station. */
export type StationRule<S extends TObject = TObject> = Named<S> & {
  readonly scope: 'station';
  /** Defaults may depend on what kind of place it is. */
  defaults(kind: StationKind): CommonSettings & Static<S>;
  find(world: RuleWorld, facts: StationFacts, settings: CommonSettings & Static<S>): readonly Finding[];
};

/** Looks at the whole platform. */
export type PlatformRule<S extends TObject = TObject> = Named<S> & {
  readonly scope: 'platform';
  defaults(): CommonSettings & Static<S>;
  find(world: RuleWorld, settings: CommonSettings & Static<S>): readonly Finding[];
};

export type Rule = StationRule | PlatformRule;

/** A finding with the settings of the rule and station that it came from: what the desk takes. */
export type FoundCondition = Finding & {
  readonly rule: string;
  readonly list: AlarmList;
  readonly settings: CommonSettings;
};

/** The rules of a deployment with their settings in force; made from the catalogue. */
export type RuleSet = {
  /** Everything found now at these stations; without `stations` at all of them and of the platform. */
  find(world: World, stations?: Iterable<StationId>): FoundCondition[];
  /** Which keys a partial look covers: an open alarm with such a key that is not found has gone. */
  covers(
    alarm: { readonly rule: string; readonly station: StationId | null },
    stations?: ReadonlySet<StationId>,
  ): boolean;
  /** Unacknowledged for so many minutes: tell these duties, too. In order; the first has 0. */
  readonly escalation: readonly { readonly afterMin: number; readonly duties: readonly string[] }[];
  /** For the API: every rule with its settings in force by station. */
  describe(): readonly { rule: string; list: AlarmList; about: string; settings: unknown }[];
};
