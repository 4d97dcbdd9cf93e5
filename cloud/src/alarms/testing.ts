/** Plausible stand-ins for the alarm room's tests. */
import { type SteppedClock, steppedClock } from '@siaga/protocol';
import type { Catalogue } from '../fleet/catalogue.ts';
import { catalogueFrom } from '../fleet/testing.ts';
import type { JudgingStore, StateStore } from '../ports.ts';
import { createAlarmDesk } from './create-desk.ts';
import type { Acting, AlarmDesk } from './desk.ts';
import type { CommonSettings, FoundCondition, RuleSet } from './rule.ts';

export const noonMs = Date.parse('2026-01-15T05:00:00Z');
export const minuteMs = 60_000;

export const operator: Acting = { actor: 'operator1', mayShelveTop: false, drill: null };
export const supervisor: Acting = { actor: 'supervisor1', mayShelveTop: true, drill: null };

const commonSettings: CommonSettings = {
  on: true,
  onDelayS: 0,
  offDelayS: 300,
  reAlarmMin: 30,
  latch: false,
  response: 'Look at the gauge, tell the district.',
};

type Over = Omit<Partial<FoundCondition>, 'settings'> & { readonly settings?: Partial<CommonSettings> };

/** A condition at Katulampa, at the first stage unless told otherwise. */
export function condition({ settings, ...over }: Over = {}): FoundCondition {
  const station = over.station === undefined ? 'katulampa' : over.station;
  return {
    key: `level/${station}`,
    signal: 'on',
    rule: 'level',
    list: 'flood',
    subject: { kind: 'station', id: station ?? 'platform' },
    station,
    basin: 'ciliwung',
    priority: 'low',
    severity: 1,
    sinceMs: noonMs,
    headline: `${station} is in band`,
    evidence: { stageMm: 900 },
    settings: { ...commonSettings, ...settings },
    ...over,
  };
}

/** Every look covers what lies at the stations looked at, or all. */
const anyRules: Pick<RuleSet, 'covers' | 'escalation'> = {
  covers: ({ station }, stations) => stations === undefined || (station !== null && stations.has(station)),
  escalation: [
    { afterMin: 0, duties: ['operator'] },
    { afterMin: 5, duties: ['supervisor'] },
    { afterMin: 15, duties: ['head'] },
  ],
};

export type TestDesk = {
  readonly desk: AlarmDesk;
  readonly clock: SteppedClock;
  readonly maintained: Set<string>;
  /** Looks again after `minutes`. */
  later(minutes: number, found?: readonly FoundCondition[]): Promise<void>;
};

/** A started desk over `stores`, whose clock stands at noon. */
export async function testDesk(
  stores: { readonly state: StateStore; readonly judging: Pick<JudgingStore, 'takeLease'> },
  {
    clock = steppedClock(noonMs),
    catalogue = catalogueFrom(),
    ids = '',
  }: { readonly clock?: SteppedClock; readonly catalogue?: Catalogue; readonly ids?: string } = {},
): Promise<TestDesk> {
  const maintained = new Set<string>();
  let minted = 0;
  const desk = createAlarmDesk({
    state: stores.state,
    leases: stores.judging,
    clock,
    catalogue,
    rules: anyRules,
    maintenance: (station) => maintained.has(station),
    mintId: () => `${ids}${clock.now().toString(36)}-${++minted}`,
  });
  await desk.start();
  return {
    desk,
    clock,
    maintained,
    later(minutes, found = []) {
      clock.moveTo(clock.now() + minutes * minuteMs);
      return desk.take(found);
    },
  };
}
