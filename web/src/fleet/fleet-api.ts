import { About, Calibration, Command, Health, parserOf } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { getJson, parseAnything, sendJson } from '../feed/client.ts';

const Text = Type.String();
const NullableText = Type.Union([Type.String(), Type.Null()]);
const NullableMm = Type.Union([Type.Integer(), Type.Null()]);

const FleetEntry = Type.Object({
  station: Text,
  name: Text,
  connected: Type.Boolean(),
  healthAt: NullableText,
  firmware: NullableText,
  maintenanceUntil: NullableText,
  visits: Type.Array(
    Type.Object({
      code: Text,
      urgency: Type.Enum(['now', 'soon', 'desk']),
      says: Text,
      mend: Text,
      gauge: NullableText,
    }),
  ),
});
export type FleetEntry = Static<typeof FleetEntry>;

const CommandView = Type.Object({
  command: Command,
  state: Type.Enum(['waiting', 'sent', 'under-way', 'done', 'refused', 'rolled-back', 'expired']),
  reason: NullableText,
  by: Text,
  issuedAt: Text,
  expiresAt: Text,
  answeredAt: NullableText,
});
export type CommandView = Static<typeof CommandView>;

const Proposal = Type.Object({
  record: Text,
  calibration: Calibration,
  state: Type.Enum(['proposed', 'accepted', 'refused']),
  decidedBy: NullableText,
  decidedAt: NullableText,
  reason: NullableText,
  present: Type.Union([
    Type.Object({ observedAt: Text, newMm: Type.Integer(), oldMm: NullableMm, differenceMm: NullableMm }),
    Type.Null(),
  ]),
});
export type Proposal = Static<typeof Proposal>;

const Certificate = Type.Object({
  state: Type.Enum(['valid', 'renew', 'expired', 'revoked', 'none']),
  expiresAt: NullableText,
  allowedUntil: NullableText,
});
export type Certificate = Static<typeof Certificate>;

const Device = Type.Object({
  station: Text,
  connected: Type.Boolean(),
  healthAt: NullableText,
  health: Type.Union([Health, Type.Null()]),
  about: Type.Union([About, Type.Null()]),
  certificate: Type.Union([Certificate, Type.Null()]),
  commands: Type.Array(CommandView),
  calibrations: Type.Array(Proposal),
});
export type Device = Static<typeof Device>;

const parseFleet = parserOf(Type.Object({ devices: Type.Array(FleetEntry) }));
const parseDevice = parserOf(Device);

export const fetchFleet = () => getJson('/api/v1/fleet?brief=true', parseFleet);

const path = (station: string) => `/api/v1/stations/${encodeURIComponent(station)}`;
export const fetchDevice = (station: string) => getJson(`${path(station)}/device`, parseDevice);
/** Asks a device; what it is not there for waits. */
export const sendCommand = (station: string, asked: object) =>
  sendJson('POST', `${path(station)}/commands`, asked, parseAnything);
export const decide = (station: string, record: string, decision: 'accept' | 'refuse', reason: string) =>
  sendJson(
    'POST',
    `${path(station)}/calibrations/${encodeURIComponent(record)}/${decision}`,
    reason === '' ? {} : { reason },
    parseAnything,
  );
