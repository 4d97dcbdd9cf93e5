import { LogEntry, parserOf } from '@siaga/protocol';
import { Type } from 'typebox';
import { type Fetched, getJson, sendJson } from '../feed/client.ts';

const parseEntry = parserOf(LogEntry);
const parseLog = parserOf(Type.Object({ entries: Type.Array(LogEntry) }));

/** Entries, newest first; with lower numbers than `before`. */
export function fetchLog(limit: number, before?: number): Promise<Fetched<{ entries: LogEntry[] }>> {
  const search = new URLSearchParams({
    limit: String(limit),
    ...(before === undefined ? {} : { before: String(before) }),
  });
  return getJson(`/api/v1/log?${search}`, parseLog);
}

export type Note = { readonly text: string; readonly alarm?: string; readonly station?: string };
export const addNote = (note: Note) => sendJson('POST', '/api/v1/log', note, parseEntry);
export const handOver = (to: string, text: string) =>
  sendJson('POST', '/api/v1/log/handover', { to, text }, parseEntry);
export const acceptHandover = (no: number) =>
  sendJson('POST', `/api/v1/log/handover/${no}/accept`, undefined, parseEntry);
