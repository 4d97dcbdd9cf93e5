/**
 * Keeps watch over the certificates' folder while the platform runs: who is revoked, what the server shows, and that
 * neither the list nor the server's certificate lapses.
 */
import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StationId } from '@siaga/protocol';
import type { Logger } from '../../log.ts';
import { createProvisionDesk, type ProvisionDesk } from './desk.ts';
import { bytesIfThere } from './files.ts';
import { readCa, renewServerIn } from './folder.ts';
import { caPaths, crlPaths, revokedFolder, serverPaths } from './paths.ts';
import { openRegistry, recordIssued, recordOf, serialOf } from './registry.ts';
import { revoke } from './revoke.ts';
import { type CertificateState, certificateState } from './states.ts';

export type PkiKeeper = {
  /** `serial` as any tool writes it. */
  revoked(serial: string): boolean;
  /** A station connected with this certificate (DER). Its older ones are then revoked: a swapped card stays out. */
  seen(station: StationId, certificate: Uint8Array): void;
  readonly desk: ProvisionDesk;
  states(stations: readonly StationId[]): Promise<CertificateState[]>;
  /** What an operator should mend; empty when all is well. */
  troubles(): string[];
  /** Looks at once, instead of within two seconds. */
  look(): Promise<void>;
  /** Ends what is under way. */
  close(): Promise<void>;
};

export type PkiKeeperOptions = {
  readonly dir: string;
  readonly knows: (station: StationId) => boolean;
  readonly log: Logger;
  /** More certificates are revoked than before. */
  readonly onRevoked: () => void;
  /** The server's certificate, its key or the authority's certificate are others than before. */
  readonly onServerChanged: () => void;
  readonly nowMs?: () => number;
  readonly everyMs?: number;
  readonly tendEveryMs?: number;
};

const hourMs = 3_600_000;

/** Resolves when the revocations are known. */
export async function openPkiKeeper(options: PkiKeeperOptions): Promise<PkiKeeper> {
  const { dir, knows, log, nowMs = Date.now, everyMs = 2000, tendEveryMs = hourMs } = options;
  const registry = await openRegistry(dir);
  /** Of the list: it may know of revocations that the folder has not, where the authority is on another machine. */
  let listed: ReadonlySet<string> = new Set();
  let listDigest = '';
  /** How many were revoked when it was last told: others refresh the registry too, and tell nobody. */
  let told = registry.revoked().size;
  let staleAtMs: number | null = null;
  let listTrouble: string | undefined;
  let tendTrouble: string | undefined;
  let serverDigest = await digestOf(serverFiles());

  function serverFiles(): string[] {
    return [serverPaths(dir).cert, serverPaths(dir).key, caPaths(dir).cert];
  }

  /** A list that is torn, foreign or gone changes nothing: what was revoked stays so, and nobody else is shut out. */
  async function lookAtList(): Promise<void> {
    const [bytes, ca] = await Promise.all([bytesIfThere(crlPaths(dir).der), bytesIfThere(caPaths(dir).cert)]);
    const digest = createHash('sha256')
      .update(bytes ?? '')
      .update(ca ?? '')
      .digest('hex');
    if (digest === listDigest) return;
    listDigest = digest;
    if (bytes === undefined || ca === undefined) return;
    const { readCrl } = await import('./crl.ts');
    const crl = await readCrl(bytes, ca.toString('utf8'));
    if (crl === undefined) {
      listTrouble = `certificates: ${crlPaths(dir).der} is no list of this authority; the one before holds: make it with \`siaga pki crl\``;
      log.error({ file: crlPaths(dir).der }, 'revocation list not taken: the one before holds');
      return;
    }
    listTrouble = undefined;
    listed = new Set([...listed, ...crl.serials]);
    staleAtMs = crl.nextUpdateMs;
  }

  async function lookAtRevoked(): Promise<void> {
    await registry.refresh();
    await lookAtList();
    const now = new Set([...registry.revoked().keys(), ...listed]).size;
    const more = now - told;
    if (more === 0) return;
    told = now;
    log.info({ more, revoked: now }, 'certificates revoked');
    options.onRevoked();
  }

  async function lookAtServer(): Promise<void> {
    const digest = await digestOf(serverFiles());
    if (digest === serverDigest) return;
    serverDigest = digest;
    options.onServerChanged();
  }

  let looking: Promise<void> | undefined;
  let lookAgain = false;
  let lookTrouble: string | undefined;
  function look(): Promise<void> {
    lookAgain = true;
    looking ??= (async () => {
      while (lookAgain) {
        lookAgain = false;
        try {
          await lookAtRevoked();
          await lookAtServer();
          lookTrouble = undefined;
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          if (lookTrouble === undefined) log.error({ err: error }, 'the certificates’ folder cannot be read');
          lookTrouble = `certificates: the folder ${dir} cannot be read (${why}); revocations since are unknown`;
        }
      }
      looking = undefined;
    })();
    return looking;
  }

  /** Only where the authority's key is: elsewhere the list and the certificate are brought by hand. */
  async function tend(): Promise<void> {
    if ((await bytesIfThere(caPaths(dir).key)) === undefined) return;
    try {
      const { refreshCrl } = await import('./crl.ts');
      if (await refreshCrl(dir, await readCa(dir), nowMs())) log.info('revocation list made anew');
      if ((await renewServerIn(dir, nowMs()))?.done === 'renewed') log.info('server certificate renewed');
      tendTrouble = undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (tendTrouble === undefined) log.error({ err: error }, 'certificates not renewed');
      tendTrouble = `certificates: not renewed (${why})`;
    }
    await look();
  }

  async function supersede(station: StationId, der: Uint8Array): Promise<void> {
    const seen = recordOf(Buffer.from(der), { by: 'seen' });
    if (!registry.issued().has(seen.serial)) {
      await registry.refresh();
      if (!registry.issued().has(seen.serial)) await recordIssued(dir, seen);
      await registry.refresh();
    }
    const own = registry.issued().get(seen.serial);
    if (own === undefined) return;
    for (const older of registry.of(station)) {
      if (Date.parse(older.issuedAt) >= Date.parse(own.issuedAt) || registry.revoked().has(older.serial)) continue;
      await revoke(dir, older, { reason: 'superseded', by: 'platform' }, nowMs());
      log.info({ station, serial: older.serial, by: own.serial }, 'older certificate revoked: its successor is in use');
      lookAgain = true;
    }
    if (lookAgain) await tend();
  }

  const underWay = new Set<Promise<unknown>>();
  let closed = false;
  function run(work: () => Promise<unknown>): void {
    if (closed) return;
    const running = work().finally(() => underWay.delete(running));
    underWay.add(running);
  }

  await look();
  const poll = setInterval(() => run(look), everyMs);
  poll.unref();
  const tending = setInterval(() => run(tend), tendEveryMs);
  tending.unref();
  const folders = [revokedFolder(dir), dirname(crlPaths(dir).der)];
  // Made here so that they can be watched; where that may not be, they are looked at every two seconds all the same.
  for (const folder of folders) await mkdir(folder, { recursive: true }).catch(() => undefined);
  const watchers = folders.flatMap((folder) => watched(folder, () => run(look)));
  run(tend);

  const revoked = (serial: string) => registry.revoked().has(serialOf(serial)) || listed.has(serialOf(serial));
  return {
    revoked,
    seen(station, certificate) {
      run(() =>
        supersede(station, certificate).catch((error) =>
          log.error({ err: error, station }, 'the station’s older certificates are not revoked'),
        ),
      );
    },
    desk: createProvisionDesk({ dir, registry, knows, log, nowMs }),
    async states(stations) {
      await registry.refresh();
      return Promise.all(stations.map((station) => certificateState(dir, registry, station, nowMs(), revoked)));
    },
    troubles() {
      const stale = staleAtMs !== null && nowMs() > staleAtMs;
      return [
        ...(stale
          ? ['certificates: the revocation list has lapsed; it still holds: make it anew with `siaga pki crl`']
          : []),
        ...[listTrouble, tendTrouble, lookTrouble].filter((trouble) => trouble !== undefined),
      ];
    },
    look,
    async close() {
      closed = true;
      clearInterval(poll);
      clearInterval(tending);
      for (const watcher of watchers) watcher.close();
      await Promise.all(underWay);
    },
  };
}

async function digestOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) hash.update((await bytesIfThere(path)) ?? 'none').update('\0');
  return hash.digest('hex');
}

/** Only hastens the next look: not every file system tells of changes, and a folder may be made later. */
function watched(folder: string, onChange: () => unknown): { close(): void }[] {
  try {
    const watcher = watch(folder, { persistent: false }, () => void onChange());
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}
