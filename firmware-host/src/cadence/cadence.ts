/**
 * How often to look and to report. Upwards it moves at once, downwards only after the cause has been gone for a
 * while and by more than the dead band, so that waves about a limit change nothing. Pure.
 *
 * Times are ms of a clock that never jumps.
 */
import type { CadenceReason } from '@siaga/protocol';
import { type Battery, batteryAfter } from './battery.ts';
import type { CadenceConfig } from './config.ts';
import { type Budget, budgetAfter } from './link-budget.ts';
import { type Look, type Point, riseMmPerH, type Tier, tierOfLevel, trendWith } from './water.ts';

/** The intervals in force, in seconds, and what decided them. */
export type Cadence = { readonly sampleS: number; readonly reportS: number; readonly reason: CadenceReason };

export type CadenceState = {
  readonly tier: Tier;
  /** When each tier was last asked for. */
  readonly askedMs: { readonly rising: number; readonly flood: number };
  /** A suspect reading asked for this tier: it moves nothing before a second one does. */
  readonly doubted: Tier;
  /** When the level was known last. */
  readonly knownMs: number;
  readonly trend: readonly Point[];
  readonly battery: Battery;
  readonly budget: Budget;
};

export type CadenceInput = {
  readonly nowMs: number;
  /** A new reading of the gauge that decides, not under maintenance. */
  readonly look?: Look;
  readonly batteryMv?: number | null;
  /** Bytes that went over the link since the last input, both ways. */
  readonly wireBytes?: number;
};

/** A command of the platform's in force: a neighbour upstream is rising. */
export type Order = { readonly intervalS: number };

const blindMs = 86_400_000;
const never = Number.NEGATIVE_INFINITY;

export const calmCadence: CadenceState = {
  tier: 'calm',
  askedMs: { rising: never, flood: never },
  doubted: 'calm',
  knownMs: never,
  trend: [],
  battery: 'good',
  budget: { bytes: 0, atMs: null, stretch: 1, changedMs: never },
};

export function cadenceAfter(state: CadenceState, input: CadenceInput, config: CadenceConfig): CadenceState {
  const { nowMs, look, batteryMv, wireBytes = 0 } = input;
  const watched = look ? watch(state, look, config) : state;
  const isHeld = (tier: 'rising' | 'flood') => nowMs - watched.askedMs[tier] < config.holdS * 1_000;
  const tier = isHeld('flood') ? 'flood' : isHeld('rising') ? 'rising' : 'calm';
  return {
    ...watched,
    tier,
    battery: batteryMv === undefined ? state.battery : batteryAfter(state.battery, batteryMv, config.battery),
    budget: budgetAfter(state.budget, { nowMs, wireBytes, calm: tier === 'calm' }, config.linkMbPerMonth),
  };
}

function watch(state: CadenceState, look: Look, config: CadenceConfig): CadenceState {
  const trend = trendWith(state.trend, look);
  const level = tierOfLevel(look, config, {
    rising: state.tier === 'calm' ? 0 : config.deadBandMm,
    flood: state.tier === 'flood' ? config.deadBandMm : 0,
  });
  const asked = level === null ? askedUnseen(state, look) : withRise(level, trend, config);
  const suspect = look.reading.flag === 3 && look.reading.echo !== 'blanking';
  const believed = suspect ? lower(asked, higher(state.doubted, state.tier)) : asked;
  return {
    ...state,
    trend,
    knownMs: level === null ? state.knownMs : look.atMs,
    doubted: asked,
    askedMs: {
      rising: believed === 'calm' ? state.askedMs.rising : look.atMs,
      flood: believed === 'flood' ? look.atMs : state.askedMs.flood,
    },
  };
}

/** A sensor that the flood has blinded tells no fall: for a day it is watched as if the water rose. */
function askedUnseen({ tier, knownMs }: CadenceState, { atMs }: Look): Tier {
  return atMs - knownMs < blindMs ? lower(tier, 'rising') : 'calm';
}

function withRise(level: Tier, trend: readonly Point[], config: CadenceConfig): Tier {
  return riseMmPerH(trend) >= config.riseMmPerH ? higher(level, 'rising') : level;
}

/** The intervals that a state makes. `order` can only make them shorter, `capS` is never exceeded. */
export function cadenceOf(state: CadenceState, config: CadenceConfig, order: Order | null): Cadence {
  const { reason, ...own } = ownCadence(state, config);
  const capped = { sampleS: Math.min(own.sampleS, config.capS), reportS: Math.min(own.reportS, config.capS) };
  const quick = order ? Math.max(order.intervalS, config.flood.sampleS) : Number.POSITIVE_INFINITY;
  const [sampleS, reportS] = [Math.min(capped.sampleS, quick), Math.min(capped.reportS, Math.max(quick, 1))];
  const ordered = sampleS < capped.sampleS || reportS < capped.reportS;
  return { sampleS: Math.min(sampleS, reportS), reportS, reason: ordered ? 'command' : reason };
}

function ownCadence({ tier, battery, budget }: CadenceState, { calm, rising, flood }: CadenceConfig): Cadence {
  if (tier === 'flood') return { ...flood, reason: 'flood' };
  if (tier === 'rising') return battery === 'empty' ? { ...calm, reason: 'battery' } : { ...rising, reason: 'rising' };
  const saving = battery === 'good' ? 1 : battery === 'low' ? 2 : 4;
  return {
    sampleS: calm.sampleS * saving,
    reportS: calm.reportS * Math.max(saving, budget.stretch),
    reason: battery === 'good' ? 'calm' : 'battery',
  };
}

const order: readonly Tier[] = ['calm', 'rising', 'flood'];

function higher(a: Tier, b: Tier): Tier {
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}

function lower(a: Tier, b: Tier): Tier {
  return order.indexOf(a) < order.indexOf(b) ? a : b;
}
