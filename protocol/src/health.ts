import { type Static, Type } from 'typebox';
import { BootId, GaugeId, StreamId } from './identity.ts';
import { decodeJson, parserOf } from './parse.ts';
import { clockStates } from './quality.ts';
import type { Parsed } from './result.ts';

const Count = Type.Integer({ minimum: 0 });
const Time = Type.String({ format: 'date-time' });

/** Health of one gauge's line and sensor. */
export const GaugeHealth = Type.Object({
  gauge: GaugeId,
  link: Type.Union([Type.Literal('open'), Type.Literal('closed')], { description: 'State of the serial line' }),
  lastFrameAt: Type.Union([Time, Type.Null()]),
  frames: Count,
  discardedBytes: Count,
  badFrames: Count,
});
export type GaugeHealth = Static<typeof GaugeHealth>;

/**
 * `flood/v1/<station>/health`. `connection` rises with every connection of the agent: the last will
 * carries the number of the connection it belongs to, so that a will that comes late is ignored.
 */
export const Health = Type.Union(
  [
    Type.Object({
      v: Type.Literal(1),
      state: Type.Literal('online'),
      connection: Type.Integer({ minimum: 1 }),
      at: Time,
      boot: BootId,
      stream: StreamId,
      uptimeS: Count,
      clock: Type.Enum(clockStates),
      maintenanceUntil: Type.Union([Time, Type.Null()]),
      backlog: Type.Object({ count: Count, oldestAt: Type.Union([Time, Type.Null()]) }),
      batteryMv: Type.Union([Count, Type.Null()]),
      diskFreeBytes: Type.Union([Count, Type.Null()]),
      gauges: Type.Array(GaugeHealth, { maxItems: 16 }),
    }),
    Type.Object({ v: Type.Literal(1), state: Type.Literal('offline'), connection: Type.Integer({ minimum: 1 }) }),
  ],
  { $id: 'Health' },
);
export type Health = Static<typeof Health>;
export type OnlineHealth = Extract<Health, { state: 'online' }>;

const parseHealth = parserOf(Health);

export function decodeHealth(bytes: Uint8Array): Parsed<Health> {
  return decodeJson(bytes, parseHealth);
}
