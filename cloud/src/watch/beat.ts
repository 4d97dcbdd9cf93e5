/** What the platform says of itself every minute to whoever watches it: the body of a heartbeat, and the answer to it. */
import { parserOf } from '@siaga/protocol';
import { type Static, Type } from 'typebox';

const Count = Type.Integer({ minimum: 0 });

/** A place in the audit: the number and hash of a line. */
const AuditPlace = Type.Object({ no: Count, hash: Type.String({ pattern: '^[0-9a-f]{64}$' }) });
export type AuditPlace = Static<typeof AuditPlace>;

export const Beat = Type.Object({
  deployment: Type.String({ maxLength: 200 }),
  at: Type.String({ format: 'date-time' }),
  version: Type.String({ maxLength: 100 }),
  /** It can take and keep readings; otherwise `amiss` says why not. */
  ready: Type.Boolean(),
  amiss: Type.Array(Type.String({ maxLength: 500 }), { maxItems: 50 }),
  /** Open alarms by priority. */
  alarms: Type.Object({ high: Count, medium: Count, low: Count }),
  /** The newest line of the audit. */
  audit: AuditPlace,
  /** The line that the watcher said it knows, as it is now: another hash, or none, means that history was changed. */
  proof: Type.Union([AuditPlace, Type.Null()]),
});
export type Beat = Static<typeof Beat>;
export const parseBeat = parserOf(Beat);

/** What a watcher answers; any other answer with a status of 2xx is well, too. */
export const parseBeatAnswer = parserOf(Type.Object({ knows: Type.Object({ no: Count }) }));
