import { type Static, Type } from 'typebox';
import { BootId, GaugeId, StreamId } from './identity.ts';
import { decodeJson, parserOf } from './parse.ts';
import { clockStates } from './quality.ts';
import type { Parsed } from './result.ts';

const Count = Type.Integer({ minimum: 0 });
const Time = Type.String({ format: 'date-time' });

/**
 * What ails a gauge's line: its device node is gone, may not be opened, or is held by another program; bytes
 * come that make no frame (and those look like another speed), or none come; the sensor says that it is dead.
 */
export const lineProblems = [
  'node-missing',
  'no-permission',
  'foreign-owner',
  'wrong-baud',
  'garbled',
  'silent',
  'sensor-dead',
] as const;
export type LineProblem = (typeof lineProblems)[number];

/** Health of one gauge's line and sensor. Counts are of the present run. */
export const GaugeHealth = Type.Object({
  gauge: GaugeId,
  link: Type.Union([Type.Literal('open'), Type.Literal('closed')], { description: 'State of the serial line' }),
  lastFrameAt: Type.Union([Time, Type.Null()]),
  frames: Count,
  discardedBytes: Count,
  badFrames: Count,
  problem: Type.Optional(Type.Union([Type.Enum(lineProblems), Type.Null()])),
});
export type GaugeHealth = Static<typeof GaugeHealth>;

/** The machine under the agent. Null where it cannot be read. */
export const MachineHealth = Type.Object({
  cpuDeciC: Type.Union([Type.Integer({ minimum: -1000, maximum: 2000 }), Type.Null()]),
  throttled: Type.Union([Type.Integer({ minimum: 0, maximum: 0xfffff }), Type.Null()], {
    description:
      'Bits as a Raspberry Pi gives them: 0 under-voltage, 1 frequency capped, 2 throttled, 3 soft temperature limit; 16 to 19 the same since boot',
  }),
  diskTotalBytes: Type.Union([Count, Type.Null()]),
  rssBytes: Count,
  signal: Type.Union(
    [
      Type.Object({
        kind: Type.Enum(['wifi', 'cellular']),
        dbm: Type.Integer({ minimum: -200, maximum: 0 }),
      }),
      Type.Null(),
    ],
    { description: 'Link quality' },
  ),
});
export type MachineHealth = Static<typeof MachineHealth>;

/** Why the agent's present run began: what ended the one before. */
export const startReasons = ['first', 'ordered', 'crash', 'power', 'watchdog', 'update', 'roll-back'] as const;
export type StartReason = (typeof startReasons)[number];

/** What decides how often it samples and reports. */
export const cadenceReasons = ['configured', 'calm', 'rising', 'flood', 'command', 'battery'] as const;
export type CadenceReason = (typeof cadenceReasons)[number];

/** What became of a command. */
export const CommandOutcome = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  act: Type.String({ maxLength: 20 }),
  outcome: Type.Enum(['done', 'under-way', 'refused', 'rolled-back']),
  reason: Type.Union([Type.String({ maxLength: 200 }), Type.Null()]),
});
export type CommandOutcome = Static<typeof CommandOutcome>;

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
      // A fleet runs several versions of the agent at a time: what came later may be absent.
      machine: Type.Optional(MachineHealth),
      start: Type.Optional(
        Type.Object({
          number: Type.Integer({ minimum: 1, description: 'Starts over the life of the data folder' }),
          reason: Type.Enum(startReasons),
        }),
      ),
      cadence: Type.Optional(
        Type.Object({
          sampleS: Type.Integer({ minimum: 1, maximum: 86_400 }),
          reportS: Type.Integer({ minimum: 1, maximum: 86_400 }),
          reason: Type.Enum(cadenceReasons),
        }),
      ),
      /** Readings that this run could not keep, or thinned out for want of room. */
      notKept: Type.Optional(Count),
      certificateExpiresAt: Type.Optional(Type.Union([Time, Type.Null()])),
      commands: Type.Optional(
        Type.Array(CommandOutcome, { maxItems: 8, description: 'The newest commands, oldest first' }),
      ),
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
