/** What an operator does by command with certificates, beside making them. Returns what to say. */
import { X509Certificate } from 'node:crypto';
import { isStationId } from '@siaga/protocol';
import { platformError } from '../../errors.ts';
import { allow, allowedDays } from './allowances.ts';
import { crlDays, refreshCrl } from './crl.ts';
import { readIfThere } from './files.ts';
import { readCa } from './folder.ts';
import { caPaths, crlPaths } from './paths.ts';
import { type IssuedRecord, openRegistry, type Registry } from './registry.ts';
import { type RevokeReason, revokeIn, revokeReasons } from './revoke.ts';
import { certificateState } from './states.ts';

/** Throws `pki-name-invalid`. Whether the station is in the catalogue is judged when it asks. */
export async function allowIn(
  dir: string,
  station: string,
  hardware: string | null,
  days = allowedDays,
): Promise<string> {
  if (!isStationId(station)) throw platformError('pki-name-invalid', `${station}: is no station id`);
  if (hardware !== null && !/^[A-Za-z0-9._:-]{1,64}$/.test(hardware))
    throw platformError('pki-name-invalid', `--hardware ${hardware}: up to 64 of A-Z, a-z, 0-9, ., _, : and -`);
  await readCa(dir);
  const { until } = await allow(dir, station, { hardware, days, by: 'operator' });
  const { revoked, of } = await openRegistry(dir);
  const old = of(station).some(({ serial }) => !revoked().has(serial));
  const note = old
    ? '; its present one is revoked when the new one is first used (stolen? `siaga pki revoke` it now)'
    : '';
  return `allowed ${station} until ${dayOf(until)}, for one certificate${note}`;
}

export async function revokeAndList(dir: string, what: string, reason: string): Promise<string[]> {
  if (!isReason(reason))
    throw platformError('pki-name-invalid', `--reason ${reason}: is none of ${revokeReasons.join(', ')}`);
  const { revoked, withdrawn } = await revokeIn(dir, what, { reason, by: 'operator' });
  const lines = revoked.map(({ serial, name }) => `revoked ${name} ${serial}`);
  if (revoked.length === 0) lines.push(`kept    ${what}: was revoked before`);
  if (withdrawn > 0) lines.push(`withdrawn: leave for ${what} to ask for a certificate (${withdrawn})`);
  if ((await readIfThere(caPaths(dir).key)) !== undefined) await refreshCrl(dir, await readCa(dir), Date.now());
  else
    lines.push(
      'the list was not made: the authority’s key is not here; a platform on this folder refuses it all the same',
    );
  return lines;
}

function isReason(text: string): text is RevokeReason {
  return (revokeReasons as readonly string[]).includes(text);
}

export async function crlIn(dir: string): Promise<string> {
  await refreshCrl(dir, await readCa(dir), Date.now(), true);
  return `issued  ${crlPaths(dir).der} (good for ${crlDays} days; a running platform renews it)`;
}

/** A table, or one JSON object a line. */
export async function listIn(dir: string, { all = false, json = false }): Promise<string[]> {
  const ca = await readIfThere(caPaths(dir).cert);
  if (ca === undefined)
    throw platformError(
      'certificates-missing',
      `No authority in ${dir}: make one with \`siaga pki init --dir ${dir}\`.`,
    );
  const registry = await openRegistry(dir);
  const rows = all
    ? [...registry.issued().values()].map((record) => rowOf(registry, record))
    : await newest(dir, registry);
  if (json) return rows.map((row) => JSON.stringify(row));
  const { validToDate } = new X509Certificate(ca);
  const cells = rows.map((row) => [
    row.name,
    row.state,
    row.notAfter === null ? '-' : dayOf(row.notAfter),
    row.by,
    row.serial,
  ]);
  const table = [['name', 'state', 'ends', 'by', 'serial'], ...cells];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...table.map((row) => (row[i] ?? '').length)));
  return [
    ...table.map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    `authority ends ${dayOf(validToDate.toISOString())}`,
  ];
}

type Row = { name: string; state: string; notAfter: string | null; by: string; serial: string; allowedUntil?: string };

async function newest(dir: string, registry: Registry): Promise<Row[]> {
  const names = [...new Set([...registry.issued().values()].map(({ name }) => name))].sort();
  return Promise.all(
    names.map(async (name) => {
      const { state, serial, allowedUntilMs } = await certificateState(dir, registry, name, Date.now());
      const record = registry.issued().get(serial ?? '') as IssuedRecord;
      const allowed = allowedUntilMs === null ? {} : { allowedUntil: new Date(allowedUntilMs).toISOString() };
      return { name, state, notAfter: record.notAfter, by: record.by, serial: record.serial, ...allowed };
    }),
  );
}

function rowOf(registry: Registry, { name, notAfter, by, serial }: IssuedRecord): Row {
  const expired = Date.parse(notAfter) < Date.now();
  const state = registry.revoked().has(serial) ? 'revoked' : expired ? 'expired' : 'valid';
  return { name, state, notAfter, by, serial };
}

function dayOf(iso: string): string {
  return iso.slice(0, 10);
}
