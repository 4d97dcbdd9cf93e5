import { ChannelState, DutyShift, parserOf } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { getJson, parseAnything, sendJson } from '../feed/client.ts';

const Time = Type.String({ format: 'date-time' });
const Roster = Type.Object({
  version: Type.Integer({ minimum: 0 }),
  shifts: Type.Array(DutyShift),
  now: Type.Array(Type.Object({ duty: Type.String(), person: Type.String() })),
  /** In the seven days from the answer on: when nobody who can be told has a duty of the escalation chain. */
  gaps: Type.Array(Type.Object({ duty: Type.String(), from: Time, to: Time })),
});
export type Roster = Static<typeof Roster>;
const parseRoster = parserOf(Roster);
const parseChannels = parserOf(Type.Array(ChannelState));

export const fetchDuty = () => getJson('/api/v1/duty', parseRoster);
/** Replaces all shifts; refused with 409 where `version` is not the present one. */
export const putDuty = (version: number, shifts: readonly DutyShift[]) =>
  sendJson('PUT', '/api/v1/duty', { version, shifts }, parseAnything);

const channel = (name: string) => `/api/v1/channels/${encodeURIComponent(name)}`;
export const fetchChannels = () => getJson('/api/v1/channels', parseChannels);
/** Sends a test to who asks. */
export const testChannel = (name: string) => sendJson('POST', `${channel(name)}/test`, undefined, parseAnything);
/** That a person has seen the daily test arrive. */
export const seenTest = (name: string, id: string) => sendJson('POST', `${channel(name)}/seen`, { id }, parseAnything);
