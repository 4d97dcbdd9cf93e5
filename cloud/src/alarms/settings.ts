/**
 * The settings of the alarm rules: the catalogue's `alarms` section. Its schema is generated from the rules' own, so
 * that a new rule brings its settings with it. What is closest wins: station, basin, kind, rule, the rule's defaults.
 */
import { type StationKind, stationKinds } from '@siaga/protocol';
import { type TSchema, Type } from 'typebox';
import type { CatalogueStation } from '../fleet/station.ts';
import type { CommonSettings, PlatformRule, Rule, StationRule } from './rule.ts';
import { rules } from './rules/list.ts';

const strict = { additionalProperties: false } as const;

const commonSettings = {
  on: Type.Boolean(),
  onDelayS: Type.Integer({ minimum: 0, maximum: 86_400 }),
  offDelayS: Type.Integer({ minimum: 0, maximum: 86_400 }),
  reAlarmMin: Type.Union([Type.Integer({ minimum: 1, maximum: 10_080 }), Type.Null()]),
  latch: Type.Boolean(),
  response: Type.String({ minLength: 1, maxLength: 500 }),
};

const maxSteps = 10;
const EscalationStep = Type.Object(
  {
    afterMin: Type.Integer({ minimum: 0, maximum: 1440 }),
    duties: Type.Array(Type.String({ pattern: '^[a-z][a-z0-9-]{0,30}$' }), { minItems: 1, maxItems: 20 }),
  },
  strict,
);

export type EscalationStep = { readonly afterMin: number; readonly duties: readonly string[] };

/** Settings of some rules by name; only what differs is written. */
export type SettingsByRule = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The `alarms` section as it is written: see docs/catalogue.md. */
export type AlarmSettings = {
  readonly escalation?: readonly EscalationStep[];
  readonly rules?: SettingsByRule;
  readonly kinds?: Readonly<Partial<Record<StationKind, SettingsByRule>>>;
  readonly basins?: Readonly<Record<string, SettingsByRule>>;
  readonly stations?: Readonly<Record<string, SettingsByRule>>;
};

/** Schema of the `alarms` section; strict, down to each setting of each rule. */
export const AlarmSettings = Type.Unsafe<AlarmSettings>(sectionSchema());

function sectionSchema(): TSchema {
  const ofStations = settingsSchema(rules.filter(({ scope }) => scope === 'station'));
  const byKind = Object.fromEntries(stationKinds.map((kind) => [kind, Type.Optional(ofStations)]));
  return Type.Object(
    {
      escalation: Type.Optional(Type.Array(EscalationStep, { minItems: 1, maxItems: maxSteps })),
      rules: Type.Optional(settingsSchema(rules)),
      kinds: Type.Optional(Type.Object(byKind, strict)),
      basins: Type.Optional(Type.Record(Type.String(), ofStations)),
      stations: Type.Optional(Type.Record(Type.String(), ofStations)),
    },
    strict,
  );
}

function settingsSchema(of: readonly Rule[]): TSchema {
  const ofRule = ({ settings }: Rule): TSchema => {
    const fields = Object.entries<TSchema>({ ...commonSettings, ...settings.properties });
    return Type.Object(Object.fromEntries(fields.map(([name, field]) => [name, Type.Optional(field)])), strict);
  };
  return Type.Object(Object.fromEntries(of.map((rule) => [rule.name, Type.Optional(ofRule(rule))])), strict);
}

/** Unacknowledged so long, so many are told: unless the deployment says otherwise. */
const defaultEscalation: readonly EscalationStep[] = [
  { afterMin: 0, duties: ['operator'] },
  { afterMin: 10, duties: ['supervisor'] },
];

export function escalationOf({ escalation = defaultEscalation }: AlarmSettings): readonly EscalationStep[] {
  return escalation;
}

/** What a rule is set to at a station. */
export function stationSettings(rule: StationRule, alarms: AlarmSettings, station: CatalogueStation): CommonSettings {
  return {
    ...rule.defaults(station.kind),
    ...alarms.rules?.[rule.name],
    ...alarms.kinds?.[station.kind]?.[rule.name],
    ...alarms.basins?.[station.basin]?.[rule.name],
    ...alarms.stations?.[station.id]?.[rule.name],
  };
}

export function platformSettings(rule: PlatformRule, alarms: AlarmSettings): CommonSettings {
  return { ...rule.defaults(), ...alarms.rules?.[rule.name] };
}
