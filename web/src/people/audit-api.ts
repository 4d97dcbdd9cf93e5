import { Actor, parserOf } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { type Fetched, getJson } from '../feed/client.ts';

/** One line of the record: what it says beside its header can have been erased. */
const AuditLine = Type.Object({
  no: Type.Integer({ minimum: 1 }),
  at: Type.String({ format: 'date-time' }),
  actor: Actor,
  act: Type.String(),
  subject: Type.String(),
  hash: Type.String(),
  details: Type.Unknown(),
});
export type AuditLine = Static<typeof AuditLine>;

const AuditPage = Type.Object({
  lines: Type.Array(AuditLine),
  head: Type.Object({ no: Type.Integer({ minimum: 0 }), hash: Type.String() }),
});
export type AuditPage = Static<typeof AuditPage>;
const parseAudit = parserOf(AuditPage);

export type AuditQuery = {
  readonly before?: number;
  readonly limit: number;
  readonly actor?: string;
  readonly subject?: string;
};

/** Lines, newest first, and the newest line's hash, which vouches for all before it. */
export function fetchAudit({ before, limit, actor, subject }: AuditQuery): Promise<Fetched<AuditPage>> {
  const search = new URLSearchParams({
    limit: String(limit),
    ...(before === undefined ? {} : { before: String(before) }),
    ...(actor ? { actor } : {}),
    ...(subject ? { subject } : {}),
  });
  return getJson(`/api/v1/audit?${search}`, parseAudit);
}
