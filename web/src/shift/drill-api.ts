import { Drill, parserOf } from '@siaga/protocol';
import { Type } from 'typebox';
import { getJson, parseAnything, sendJson } from '../feed/client.ts';

/** What a drill can play. */
const DrillScenario = Type.Object({ id: Type.String(), title: Type.String(), about: Type.String() });

const parseScenarios = parserOf(Type.Object({ scenarios: Type.Array(DrillScenario) }));
const parseDrills = parserOf(Type.Object({ drills: Type.Array(Drill) }));
const parseDrill = parserOf(Drill);

export type DrillPlan = {
  readonly scenario: string;
  readonly minutes: number;
  readonly participants: readonly string[];
};

export const fetchScenarios = () => getJson('/api/v1/drill-scenarios', parseScenarios);
export const fetchDrills = () => getJson('/api/v1/drills', parseDrills);
export const startDrill = (plan: DrillPlan) => sendJson('POST', '/api/v1/drills', plan, parseDrill);
export const stopDrill = (id: string) =>
  sendJson('DELETE', `/api/v1/drills/${encodeURIComponent(id)}`, undefined, parseAnything);
