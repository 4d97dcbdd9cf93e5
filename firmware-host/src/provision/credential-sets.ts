/**
 * Credentials that change as one. Each certificate has a folder of its own with its key and its authority; `current`
 * is a link to the one in use, and is replaced by rename: after a power cut it is the old or the new, never half.
 *
 *     credentials/current -> set-4f01…      what the uplink's paths go through
 *     credentials/previous -> set-77ab…     kept until the new one has connected
 *     credentials/pending/device.key        made, not certified yet
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { lstat, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { agentError, systemCodeOf } from '../errors.ts';
import { makeFolder, readIfThere, syncFolder, writeDurably } from '../outbox/durable.ts';
import type { Credentials, Pems } from '../uplink/credentials.ts';

export type CredentialTexts = { readonly ca: string; readonly cert: string; readonly key: string };

export type CredentialSets = ReturnType<typeof credentialSets>;

/** `uplink`: three paths in one folder named `current`, as the settings demand. */
export function credentialSets(uplink: Credentials) {
  const root = dirname(dirname(uplink.cert));
  const names = { ca: basename(uplink.ca), cert: basename(uplink.cert), key: basename(uplink.key) };
  const at = (name: string) => join(root, name);
  const pendingKey = join(root, 'pending', 'device.key');

  async function point(link: 'current' | 'previous', set: string): Promise<void> {
    const temp = at(`${link}.tmp`);
    await rm(temp, { force: true });
    await symlink(set, temp);
    await rename(temp, at(link));
    await syncFolder(root);
  }

  /** The set that a link names; null where there is no such link. */
  async function setOf(link: 'current' | 'previous'): Promise<string | null> {
    try {
      return await readlink(at(link));
    } catch (error) {
      if (['ENOENT', 'EINVAL'].includes(systemCodeOf(error) ?? '')) return null;
      throw error;
    }
  }

  /** A folder that a person filled becomes a set; where the power went in between, it is put back first. */
  async function recover(): Promise<void> {
    await makeFolder(root);
    const kind = await lstat(at('current')).catch(() => null);
    const previous = await setOf('previous');
    if (kind === null && previous !== null) await point('current', previous);
    if (!kind?.isDirectory()) return;
    const set = `set-by-hand-${Date.now().toString(36)}`;
    await point('previous', set);
    await rename(at('current'), at(set));
    await point('current', set);
  }

  return {
    root,
    recover,

    /** Of the set in use; null where there is none that fits together. */
    async current(link: 'current' | 'previous' = 'current'): Promise<Pems | null> {
      try {
        const [ca, cert, key] = await Promise.all(
          [names.ca, names.cert, names.key].map((name) => readFile(join(root, link, name))),
        );
        const pems = { ca: ca as Buffer, cert: cert as Buffer, key: key as Buffer };
        return new X509Certificate(pems.cert).checkPrivateKey(createPrivateKey(pems.key)) ? pems : null;
      } catch {
        return null;
      }
    },

    /** A key that waits for its certificate: the same after a power cut, so that a lost answer can be asked for again. */
    async pendingKey(make: () => string): Promise<string> {
      const kept = await readIfThere(pendingKey);
      if (kept !== null && isKey(kept)) return kept;
      const key = make();
      await makeFolder(dirname(pendingKey));
      await writeDurably(pendingKey, key);
      return key;
    },

    async dropPendingKey(): Promise<void> {
      await rm(dirname(pendingKey), { recursive: true, force: true });
    },

    /** Writes a set beside the one in use; its name. Throws where certificate and key are none of one pair. */
    async stage(texts: CredentialTexts): Promise<string> {
      const certificate = new X509Certificate(texts.cert);
      if (!certificate.checkPrivateKey(createPrivateKey(texts.key)))
        throw agentError('provision-failed', 'the certificate does not belong to the key that was made for it');
      const set = `set-${certificate.serialNumber.toLowerCase()}`;
      await makeFolder(at(set));
      for (const part of ['key', 'ca', 'cert'] as const) await writeDurably(join(at(set), names[part]), texts[part]);
      return set;
    },

    /** From the next connection on, `set` is used. */
    async use(set: string): Promise<void> {
      const old = await setOf('current');
      if (old !== null && old !== set) await point('previous', old);
      await point('current', set);
    },

    async hasPrevious(): Promise<boolean> {
      const [current, previous] = [await setOf('current'), await setOf('previous')];
      return previous !== null && previous !== current;
    },

    /** The new set does not connect and the old one does. */
    async goBack(): Promise<void> {
      const previous = await setOf('previous');
      if (previous === null) return;
      const failed = await setOf('current');
      await point('current', previous);
      await rm(at('previous'), { force: true });
      if (failed !== null && failed !== previous) await rm(at(failed), { recursive: true, force: true });
    },

    /** The set in use has connected: the one before goes, with its key. */
    async forgetPrevious(): Promise<void> {
      const [current, previous] = [await setOf('current'), await setOf('previous')];
      if (previous === null || current === null) return;
      await rm(at('previous'), { force: true });
      if (previous !== current) await rm(at(previous), { recursive: true, force: true });
    },

    /** It was never used. */
    async drop(set: string): Promise<void> {
      if (set !== (await setOf('current'))) await rm(at(set), { recursive: true, force: true });
    },
  };
}

function isKey(text: string): boolean {
  try {
    createPrivateKey(text);
    return true;
  } catch {
    return false;
  }
}
