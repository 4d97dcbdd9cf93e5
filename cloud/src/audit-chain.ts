/**
 * The audit's hash chain. A line's hash covers its header, the digest of its details and the hash of the line before,
 * so that a line that was altered, removed or moved breaks the chain where it was. Details can be erased: their digest
 * stays, salted, so that erased text cannot be guessed from it.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { AuditDraft, AuditLine } from './ports.ts';

/** What the first line follows. */
export const chainStart = '0'.repeat(64);

/** The act that stands for an erasure; its subject lists the numbers of the lines, joined by commas. */
export const erasedAct = 'audit.erase';

/** The line that follows `previous`. */
export function sealed(draft: AuditDraft, place: { no: number; atMs: number; previous: string }): AuditLine {
  const { actor, act, subject, reason = null, before = null, after = null } = draft;
  const details = JSON.stringify({ reason, before, after, salt: randomBytes(16).toString('hex') });
  const header = { ...place, actor, act, subject, digest: sha256(details) };
  return { ...header, hash: hashOf(header), details };
}

export function hashOf({
  no,
  atMs,
  actor,
  act,
  subject,
  digest,
  previous,
}: Omit<AuditLine, 'hash' | 'details'>): string {
  return sha256(JSON.stringify([no, atMs, actor, act, subject, digest, previous]));
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
