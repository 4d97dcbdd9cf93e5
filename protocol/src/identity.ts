import { type Static, Type } from 'typebox';
import { randomBytes } from './random.ts';

const stationIdPattern = /^[a-z0-9][a-z0-9-]{1,62}$/;
/** Station id = thing name = certificate CN = MQTT client id. */
export const StationId = Type.String({ pattern: stationIdPattern.source, description: 'Station id' });
export type StationId = Static<typeof StationId>;

/** One instrument at a station; unique within the station. */
export const GaugeId = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,30}$',
  description: 'Gauge id, unique within its station',
});
export type GaugeId = Static<typeof GaugeId>;

/** One outbox's life: minted at random with every new, empty outbox. */
export const StreamId = Type.String({ pattern: '^[a-z2-7]{16}$', description: 'Stream id: 80 random bits, base32' });
export type StreamId = Static<typeof StreamId>;

/** One start of the device's kernel or, where that is unknown, of the agent. */
export const BootId = Type.String({ pattern: '^[A-Za-z0-9-]{1,40}$', description: 'Boot id' });
export type BootId = Static<typeof BootId>;

/** Position of a reading in its stream; rises strictly. */
export const Seq = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Sequence number within the stream',
});

export function isStationId(text: string): text is StationId {
  return stationIdPattern.test(text);
}

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Mints a stream id: 16 base32 letters, 80 random bits. */
export function mintStreamId(): StreamId {
  return Array.from(randomBytes(16), (byte) => base32[byte & 31]).join('');
}
