/**
 * What a rule is: a pure look at what is known, which finds conditions. Adding one is a file in `rules/` and a line in
 * `rules/index.ts`; its settings' schema joins the catalogue's `alarms` section by itself.
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
import type { CatalogueStation } from '../fleet/catalogue.ts';
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
  /** Age of the newest committed message, and how long judging takes behind it. */
  readonly watermarkMs: number | null;
  readonly judgingLagS: number | null;
  /** What ingest, judge and clock complain of: sentences, each starting with its part (`store: …`, `clock: …`). */
  readonly troubles: readonly string[];
  readonly channels: readonly ChannelState[];
  /** The independent watcher could not be told that all is well. */
  readonly heartbeatFault: string | null;
};

/** What rules look at: one consistent moment. */
export type World = {
  readonly nowMs: number;
  readonly stations: ReadonlyMap<StationId, StationFacts>;
  readonly reaches: readonly Reach[];
  readonly platform: PlatformFacts;
  /** Episodes of a station that end after `fromMs` or last, as known now. */
  episodes(station: StationId, fromMs: number): readonly KnownEpisode[];
  /** Crossings of a station that alarms (open or closed since `fromMs`) have made known. */
  madeKnown(
    station: StationId,
    fromMs: number,
  ): readonly { severity: Severity; sinceMs: number; closedAtMs: number | null }[];
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
  /** Why it must stay silent by design, e.g. since a wider fault explains it. */
  readonly suppressed?: string;
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
  /** The rule's own settings; the common ones are added to it. */
  readonly settings: S;
};

/** Looks at one station at a time; its settings can be overridden by kind, basin and station. */
export type StationRule<S extends TObject = TObject> = Named<S> & {
  readonly scope: 'station';
  /** Defaults may depend on what kind of place it is. */
  defaults(kind: StationKind): CommonSettings & Static<S>;
  find(world: World, facts: StationFacts, settings: CommonSettings & Static<S>): readonly Finding[];
};

/** Looks at the whole platform. */
export type PlatformRule<S extends TObject = TObject> = Named<S> & {
  readonly scope: 'platform';
  defaults(): CommonSettings & Static<S>;
  find(world: World, settings: CommonSettings & Static<S>): readonly Finding[];
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
  /** Everything found now at these stations (all: undefined) and, if asked, of the platform. */
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
