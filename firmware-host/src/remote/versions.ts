/**
 * The versions that updates have put beside the package's, in `<data>/versions`:
 *
 *   <version>/     a whole bundle: Node, the agent, its native parts
 *   current        link to the one that the launcher starts; absent: the package's
 *   previous       name of the one before, empty for the package's
 *   trial          while `current` has not proved itself: the command's id and the version
 *   starts         how often the launcher has started it on trial
 *   fetching       the command's id and the version, while an update is being fetched into `incoming`
 *   rolled-back    left by the launcher or by us when a trial failed: to be told, then deleted
 */
import { mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { parserOf } from '@siaga/protocol';
import { Type } from 'typebox';
import { readIfThere, writeDurably } from '../outbox/durable.ts';

/** What an update may call itself: it becomes a folder's name, which none of the names above may be, and part of an address. */
export const versionPattern = /^[0-9][0-9A-Za-z.+~-]{0,39}$/;

const parseTrial = parserOf(Type.Object({ id: Type.String(), version: Type.String() }));
export type UpdateTrial = { readonly id: string; readonly version: string };

export type Versions = {
  readonly folder: string;
  /** The version that an update has put in place; null: the package's. */
  current(): Promise<string | null>;
  trial(): Promise<UpdateTrial | null>;
  /** A trial that failed and was taken back, once: the second asking finds none. Its version goes. */
  takeRolledBack(): Promise<UpdateTrial | null>;
  /** Remembers what is being fetched, over a restart; null when that has ended. */
  fetching(update: UpdateTrial | null): Promise<void>;
  /** A fetch that a restart has cut off, once. What it left goes. */
  takeCutOff(): Promise<UpdateTrial | null>;
  /** Puts a version that lies whole in the folder in place, on trial. */
  begin(trial: UpdateTrial): Promise<void>;
  /** It has proved itself: what is neither it nor the one before goes. */
  commit(): Promise<void>;
  /** Puts the one before in place again. */
  rollBack(): Promise<void>;
};

export function versionsIn(data: string): Versions {
  const folder = join(data, 'versions');
  const at = (name: string) => join(folder, name);
  const read = async (name: string): Promise<UpdateTrial | null> => {
    try {
      const trial = parseTrial(JSON.parse((await readIfThere(at(name))) ?? 'null'));
      return trial.ok ? trial.value : null;
    } catch {
      return null;
    }
  };
  const current = async (): Promise<string | null> => readlink(at('current')).catch(() => null);
  /** A link is replaced by a rename: there is no moment without one. */
  const point = async (version: string): Promise<void> => {
    await rm(at('next'), { force: true });
    await symlink(version, at('next'));
    await rename(at('next'), at('current'));
  };
  return {
    folder,
    current,
    trial: () => read('trial'),
    async takeRolledBack() {
      const failed = await read('rolled-back');
      if (failed && versionPattern.test(failed.version) && failed.version !== (await current()))
        await rm(at(failed.version), { recursive: true, force: true });
      await rm(at('rolled-back'), { force: true });
      return failed;
    },
    async fetching(update) {
      await mkdir(folder, { recursive: true, mode: 0o750 });
      if (update === null) await rm(at('fetching'), { force: true });
      else await writeDurably(at('fetching'), `${JSON.stringify(update)}\n`);
    },
    async takeCutOff() {
      const cutOff = await read('fetching');
      for (const left of ['incoming', 'incoming.tar.gz', 'fetching'])
        await rm(at(left), { recursive: true, force: true });
      return cutOff;
    },
    async begin(trial) {
      await mkdir(folder, { recursive: true, mode: 0o750 });
      await writeDurably(at('previous'), (await current()) ?? '');
      await writeDurably(at('starts'), '0\n');
      await writeDurably(at('trial'), `${JSON.stringify(trial)}\n`);
      await point(trial.version);
    },
    async commit() {
      await rm(at('trial'), { force: true });
      const keep = new Set([await current(), await readIfThere(at('previous')), 'current', 'previous', 'rolled-back']);
      for (const name of await readdir(folder))
        if (!keep.has(name)) await rm(at(name), { recursive: true, force: true });
    },
    async rollBack() {
      const previous = (await readIfThere(at('previous')))?.trim() ?? '';
      if (previous === '') await rm(at('current'), { force: true });
      else await point(previous);
      await rename(at('trial'), at('rolled-back'));
    },
  };
}
