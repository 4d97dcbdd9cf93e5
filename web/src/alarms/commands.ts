import { Alarm, AlarmDetail, AlarmGroup, parserOf } from '@siaga/protocol';
import { Type } from 'typebox';
import { type Fetched, getJson, sendJson } from '../feed/client.ts';

const parseAlarm = parserOf(Alarm);
const parseGroup = parserOf(AlarmGroup);
const parseAlarms = parserOf(Type.Object({ alarms: Type.Array(Alarm) }));
const parseDetail = parserOf(AlarmDetail);

/** An alarm as the person saw it: another version refuses the command. */
export type Seen = { readonly id: string; readonly version: number };
export type Shelf = { readonly until: string; readonly oneShot: boolean; readonly reason: string };

const path = (id: string) => `/api/v1/alarms/${encodeURIComponent(id)}`;

export function fetchAlarmDetail(id: string, signal?: AbortSignal): Promise<Fetched<AlarmDetail>> {
  return getJson(path(id), parseDetail, signal);
}

export async function acknowledgeAlarms(seen: readonly Seen[]): Promise<Fetched<readonly Alarm[]>> {
  const alarms = seen.map(({ id, version }) => ({ id, version }));
  const answer = await sendJson('POST', '/api/v1/alarms/acknowledge', { alarms }, parseAlarms);
  return answer.ok ? { ok: true, value: answer.value.alarms } : answer;
}

export function acknowledgeGroup({ id, version }: Seen): Promise<Fetched<AlarmGroup>> {
  const url = `/api/v1/alarm-groups/${encodeURIComponent(id)}/acknowledge`;
  return sendJson('POST', url, { version }, parseGroup);
}

export function shelveAlarm({ id, version }: Seen, shelf: Shelf): Promise<Fetched<Alarm>> {
  return sendJson('POST', `${path(id)}/shelve`, { version, ...shelf }, parseAlarm);
}

export function unshelveAlarm({ id, version }: Seen): Promise<Fetched<Alarm>> {
  return sendJson('POST', `${path(id)}/unshelve`, { version }, parseAlarm);
}

export function resetAlarm({ id, version }: Seen): Promise<Fetched<Alarm>> {
  return sendJson('POST', `${path(id)}/reset`, { version }, parseAlarm);
}
