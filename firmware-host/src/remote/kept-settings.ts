/** The remote settings on the disk: those in force, and those that are known to be good. */
import { join } from 'node:path';
import { parserOf } from '@siaga/protocol';
import { Type } from 'typebox';
import { readIfThere, writeDurably } from '../outbox/durable.ts';
import type { RemoteSettings } from './settings.ts';

const Settings = Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Boolean()]));
const parse = parserOf(
  Type.Object({
    inForce: Settings,
    good: Settings,
    /** The command that brought those in force, while they are on trial. */
    trial: Type.Union([Type.Object({ id: Type.String(), starts: Type.Integer({ minimum: 0 }) }), Type.Null()]),
  }),
);

export type KeptSettings = {
  readonly inForce: RemoteSettings;
  readonly good: RemoteSettings;
  readonly trial: { readonly id: string; readonly starts: number } | null;
};

const none: KeptSettings = { inForce: {}, good: {}, trial: null };

function pathIn(data: string): string {
  return join(data, 'remote-settings.json');
}

/** What is kept in the data folder; nothing where the file is missing or damaged: the file of settings then holds alone. */
export async function readKept(data: string): Promise<KeptSettings> {
  try {
    const kept = parse(JSON.parse((await readIfThere(pathIn(data))) ?? 'null'));
    return kept.ok ? kept.value : none;
  } catch {
    return none;
  }
}

export async function writeKept(data: string, kept: KeptSettings): Promise<void> {
  await writeDurably(pathIn(data), `${JSON.stringify(kept)}\n`);
}

export function isSame(left: RemoteSettings, right: RemoteSettings): boolean {
  const sorted = (settings: RemoteSettings) =>
    JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(left) === sorted(right);
}
