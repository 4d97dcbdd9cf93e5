import { type Static, Type } from 'typebox';
import { Seq, StreamId } from './identity.ts';
import { decodeJson, parserOf } from './parse.ts';
import { type Parsed, refused } from './result.ts';

const Id = Type.String({ minLength: 1, maxLength: 64, description: 'Idempotency key: a device acts on each id once' });

/** `flood/v1/<station>/command`: what the cloud may ask of a device. An agent refuses an `act` it does not know. */
export const Command = Type.Union(
  [
    Type.Object(
      { v: Type.Literal(1), id: Id, act: Type.Literal('resend'), stream: StreamId, from: Seq, to: Seq },
      { additionalProperties: false },
    ),
    Type.Object(
      {
        v: Type.Literal(1),
        id: Id,
        act: Type.Literal('cadence'),
        intervalS: Type.Integer({ minimum: 1, maximum: 3600 }),
        forS: Type.Integer({
          minimum: 1,
          maximum: 86_400,
          description: 'Seconds until the configured cadence returns',
        }),
      },
      { additionalProperties: false },
    ),
    Type.Object(
      {
        v: Type.Literal(1),
        id: Id,
        act: Type.Literal('settings'),
        settings: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Boolean()])),
      },
      { additionalProperties: false },
    ),
    Type.Object(
      {
        v: Type.Literal(1),
        id: Id,
        act: Type.Literal('update'),
        version: Type.String({ maxLength: 40 }),
        sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      },
      { additionalProperties: false },
    ),
  ],
  { $id: 'Command' },
);
export type Command = Static<typeof Command>;

const parseCommand = parserOf(Command);

export function decodeCommand(bytes: Uint8Array): Parsed<Command> {
  const command = decodeJson(bytes, parseCommand);
  if (command.ok && command.value.act === 'resend' && command.value.from > command.value.to)
    return refused('to: the range ends before it begins');
  return command;
}
