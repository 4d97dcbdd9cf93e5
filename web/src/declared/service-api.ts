import { parserOf } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { type Fetched, getJson, parseAnything, sendJson } from '../feed/client.ts';

const NullableText = Type.Union([Type.String(), Type.Null()]);

/** A station whose alarms, or those of one rule, are silent until it is put back. */
const OutOfService = Type.Object({
  station: Type.String(),
  rule: NullableText,
  by: Type.String(),
  until: NullableText,
  reason: Type.String(),
});
export type OutOfService = Static<typeof OutOfService>;
const parseOut = parserOf(Type.Object({ outOfService: Type.Array(OutOfService) }));

const Rule = Type.Object({ rule: Type.String(), settings: Type.Record(Type.String(), Type.Unknown()) });
const parseRules = parserOf(Type.Object({ rules: Type.Array(Rule) }));

/** What is out of service at a station. */
export async function fetchOutOfService(station: string): Promise<Fetched<OutOfService[]>> {
  const answer = await getJson('/api/v1/alarms', parseOut);
  return answer.ok ? { ok: true, value: answer.value.outOfService.filter((each) => each.station === station) } : answer;
}

/** The names of the rules that watch a station. */
export async function fetchRulesAt(station: string): Promise<Fetched<string[]>> {
  const answer = await getJson('/api/v1/alarm-rules', parseRules);
  return answer.ok
    ? { ok: true, value: answer.value.rules.flatMap(({ rule, settings }) => (station in settings ? [rule] : [])) }
    : answer;
}

export type Outage = Pick<OutOfService, 'rule' | 'until' | 'reason'>;
const path = (station: string) => `/api/v1/stations/${encodeURIComponent(station)}`;

export function takeOutOfService(station: string, outage: Outage): Promise<Fetched<undefined>> {
  return sendJson('POST', `${path(station)}/out-of-service`, outage, parseAnything);
}

export function putInService(station: string, back: Pick<Outage, 'rule' | 'reason'>): Promise<Fetched<undefined>> {
  return sendJson('POST', `${path(station)}/in-service`, back, parseAnything);
}
