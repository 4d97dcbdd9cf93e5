/** Drills feed findings of their own through the same desk: what they raise is marked, what is real stays real. */
import type { Priority, Severity } from '@siaga/protocol';
import { bandsAt } from '../domain/bands.ts';
import type { Catalogue, CatalogueStation } from '../fleet/catalogue.ts';
import { type DrillScenario, drillScenarios } from './drill-scenarios.ts';
import type { DrillState } from './records.ts';
import type { FoundCondition } from './rule.ts';

/** A found condition, and the drill that it is of. */
export type Found = FoundCondition & { readonly drill: string | null };

const priorityOf: Readonly<Record<number, Priority>> = { 1: 'low', 2: 'medium', 3: 'high' };

const settings = {
  on: true,
  onDelayS: 0,
  offDelayS: 60,
  reAlarmMin: 10,
  latch: false,
  response: 'Do what you would do if it were real; tell nobody outside the exercise.',
};

export function scenarioOf(id: string): DrillScenario | undefined {
  return drillScenarios.find((scenario) => scenario.id === id);
}

/** What a running drill wants found at `nowMs`. */
export function drillFindings(drill: DrillState, catalogue: Catalogue, nowMs: number): Found[] {
  const elapsedS = (nowMs - drill.startedAtMs) / 1000;
  const standing = new Map<CatalogueStation, { severity: Severity; sinceMs: number }>();
  for (const { afterS, severity, ...place } of scenarioOf(drill.scenario)?.steps ?? []) {
    const station = stationAt(catalogue, place);
    if (station !== undefined && afterS <= elapsedS)
      standing.set(station, { severity, sinceMs: drill.startedAtMs + afterS * 1000 });
  }
  return [...standing]
    .filter(([, { severity }]) => severity > 0)
    .map(([station, { severity, sinceMs }]) => ({
      key: `drill/${drill.id}/level/${station.id}`,
      rule: 'level',
      list: 'flood',
      drill: drill.id,
      signal: 'on',
      subject: { kind: 'station', id: station.id },
      station: station.id,
      basin: station.basin,
      priority: priorityOf[severity] ?? 'low',
      severity,
      sinceMs,
      headline: `${station.name}: ${labelOf(station, severity, nowMs)}`,
      evidence: { severity },
      settings,
    }));
}

function stationAt({ stations }: Catalogue, { station, place }: { station: string; place: number }) {
  const measured = stations.filter(({ thresholds }) => thresholds.length > 0);
  return stations.find(({ id }) => id === station) ?? measured[place % Math.max(measured.length, 1)];
}

function labelOf(station: CatalogueStation, severity: Severity, nowMs: number): string {
  const bands = bandsAt(station.thresholds, station.normalLabel, nowMs);
  return bands.find((band) => band.severity === severity)?.label ?? `stage ${severity}`;
}
