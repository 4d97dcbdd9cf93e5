import { type StationKind, stationKinds } from '@siaga/protocol';
import { Type } from 'typebox';
import { commonDefaults, isPresent, stationFinding } from '../findings.ts';
import { paceOf } from '../pace.ts';
import type { StationRule } from '../rule.ts';
import { cm, rateText } from '../words.ts';

const settings = Type.Object({
  limitMmPer10Min: Type.Integer({ minimum: 10, maximum: 10_000, description: 'Rise of the stage in mm per 10 min' }),
  fromStageMm: Type.Union([Type.Integer({ minimum: -1_000_000, maximum: 10_000_000 }), Type.Null()], {
    description: 'Only above this stage; null: at any',
  }),
  leastRiseMm: Type.Integer({
    minimum: 0,
    maximum: 10_000,
    description: 'What the last four samples rose counts at once if it is so much: more than waves do',
  }),
  priority: Type.Enum(['low', 'medium', 'high']),
});

/** Street floods peak within 20 min, rivers rise slower. */
const limits: Partial<Record<StationKind, number>> = { street: 100 };
const usualLimit = 200;

/** Below this share of the limit the rise is over. */
const holdShare = 0.5;

/** Works and tides move water at any pace: there the rule is off until somebody sets it with local knowledge. */
const movedByWorks: ReadonlySet<StationKind> = new Set(
  stationKinds.filter((kind) => kind !== 'river' && kind !== 'street'),
);

/** The water rises faster than a limit of the station. */
export const rate: StationRule<typeof settings> = {
  name: 'rate',
  scope: 'station',
  list: 'flood',
  about: 'The stage rises faster than the limit of the station; off at tides, gates and pumps until set locally.',
  settings,
  defaults: (kind) => ({
    ...commonDefaults(
      'Check against the rain radar and the station upstream that the rise is real. Warn the crews and districts downstream that water comes sooner than usual.',
      { on: !movedByWorks.has(kind), offDelayS: 1800 },
    ),
    limitMmPer10Min: limits[kind] ?? usualLimit,
    fromStageMm: null,
    leastRiseMm: 100,
    priority: 'medium',
  }),
  find(world, facts, { limitMmPer10Min, fromStageMm, leastRiseMm, priority }) {
    const { station, judged, value } = facts;
    const pace = paceOf(facts, leastRiseMm);
    const { stageMm } = judged;
    const known = value !== null && pace !== null && stageMm !== null && isPresent(facts, world.nowMs);
    const common = { priority, sinceMs: judged.weighedAtMs ?? 0 };
    if (!known)
      return [
        stationFinding('rate', facts, {
          ...common,
          signal: 'hold',
          headline: `${station.name}: rate of rise not known`,
          evidence: {},
        }),
      ];
    if (pace < limitMmPer10Min * holdShare || (fromStageMm !== null && stageMm < fromStageMm)) return [];
    return [
      stationFinding('rate', facts, {
        ...common,
        signal: pace >= limitMmPer10Min ? 'on' : 'hold',
        headline: `${station.name} rises ${rateText(pace)}: now ${cm(stageMm)} (sensor, provisional)`,
        evidence: {
          rateMmPer10Min: pace,
          trendMmPer10Min: value.rateMmPer10Min,
          limitMmPer10Min,
          stageMm,
          observedAt: value.observedAt,
        },
      }),
    ];
  },
};
