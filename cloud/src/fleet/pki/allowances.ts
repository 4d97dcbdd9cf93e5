/** Leave for one station to be given one certificate by a claim. One file each; its use is a file beside it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { parserOf, type StationId } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { factsIn, readIfThere, writeOnce } from './files.ts';
import { appendLedger } from './ledger.ts';
import { allowedFolder } from './paths.ts';
import { parsedJson } from './registry.ts';

const dayMs = 86_400_000;
export const allowedDays = 7;

const Leave = Type.Object({
  id: Type.String(),
  station: Type.String(),
  /** The machine's serial number that alone may use it; null: any. */
  hardware: Type.Union([Type.String(), Type.Null()]),
  at: Type.String(),
  until: Type.String(),
  by: Type.String(),
});
type Leave = Static<typeof Leave>;

const Use = Type.Object({
  at: Type.String(),
  /** `withdrawn` has no certificate. */
  serial: Type.Union([Type.String(), Type.Null()]),
  /** SHA-256 of the public key it was used for: the same device may ask again for its answer. */
  keySha256: Type.Union([Type.String(), Type.Null()]),
  by: Type.String(),
});
type Use = Static<typeof Use>;

export type Allowance = Leave & { readonly use: Use | null };

const parseLeave = parserOf(Leave);
const parseUse = parserOf(Use);

export async function allow(
  dir: string,
  station: StationId,
  options: { readonly hardware: string | null; readonly days?: number; readonly by: string },
  nowMs = Date.now(),
): Promise<Allowance> {
  const { hardware, days = allowedDays, by } = options;
  const [at, until] = [nowMs, nowMs + days * dayMs].map((ms) => new Date(ms).toISOString()) as [string, string];
  const leave: Leave = { id: randomUUID(), station, hardware, at, until, by };
  await writeOnce(pathOf(dir, leave), `${JSON.stringify(leave, null, 2)}\n`, 0o644);
  const detail = `until ${until}${hardware === null ? '' : `, hardware ${hardware}`}`;
  await appendLedger(dir, { act: 'allow', by, name: station, detail }, nowMs);
  return { ...leave, use: null };
}

/** All that were ever given to a station, newest first. */
export async function allowancesOf(dir: string, station: StationId): Promise<Allowance[]> {
  const folder = allowedFolder(dir, station);
  const names = await factsIn(folder);
  const ids = names.filter((name) => !name.endsWith('.used'));
  const all = await Promise.all(
    ids.map(async (id) => {
      const leave = parsedJson(await readIfThere(join(folder, `${id}.json`)), parseLeave);
      const text = await readIfThere(join(folder, `${id}.used.json`));
      if (leave === undefined) return [];
      // A use that cannot be read is a use.
      const unread: Use = { at: leave.at, serial: null, keySha256: null, by: 'unknown' };
      return [{ ...leave, use: text === undefined ? null : (parsedJson(text, parseUse) ?? unread) }];
    }),
  );
  return all.flat().sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

export function isOpen({ use, until }: Allowance, nowMs: number): boolean {
  return use === null && nowMs < Date.parse(until);
}

/** Uses it up; false where somebody else did in the meantime. */
export async function useUp(dir: string, allowance: Allowance, use: Use): Promise<boolean> {
  return writeOnce(pathOf(dir, allowance).replace(/json$/, 'used.json'), `${JSON.stringify(use, null, 2)}\n`, 0o644);
}

/** Takes back what a station may still use; how many. */
export async function withdraw(dir: string, station: StationId, by: string, nowMs = Date.now()): Promise<number> {
  let withdrawn = 0;
  for (const allowance of await allowancesOf(dir, station)) {
    if (!isOpen(allowance, nowMs)) continue;
    const use = { at: new Date(nowMs).toISOString(), serial: null, keySha256: null, by };
    if (await useUp(dir, allowance, use)) withdrawn += 1;
  }
  if (withdrawn > 0) await appendLedger(dir, { act: 'withdraw', by, name: station }, nowMs);
  return withdrawn;
}

function pathOf(dir: string, { station, id }: Pick<Leave, 'station' | 'id'>): string {
  return join(allowedFolder(dir, station), `${id}.json`);
}
