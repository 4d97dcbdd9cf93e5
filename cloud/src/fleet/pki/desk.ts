/**
 * Answers devices that ask for a certificate. Under a claim: a station of the catalogue that an operator allowed, once.
 * Under a station's own certificate: a renewal in its own name, for who holds the newest.
 */
import {
  claimPrefix,
  decodeProvisionRequest,
  encodeJson,
  type ProvisionAnswer,
  type ProvisionRefusal,
  type ProvisionRequest,
  type StationId,
} from '@siaga/protocol';
import type { Logger } from '../../log.ts';
import { type Allowance, allowancesOf, isOpen, useUp } from './allowances.ts';
import { readCa } from './folder.ts';
import { appendLedger } from './ledger.ts';
import { createPace } from './pace.ts';
import { type IssuedRecord, issueTimeMs, type Registry, recordIssued, recordOf } from './registry.ts';
import { revoke } from './revoke.ts';

/** Who asks, by the certificate of the connection, and for which station by its topic. */
export type ProvisionAsk = {
  /** CN of the certificate: `claim:<name>`, or the station itself. */
  readonly commonName: string;
  /** That certificate (DER). */
  readonly certificate: Uint8Array;
  readonly station: StationId;
  readonly payload: Uint8Array;
};

export type ProvisionDesk = (ask: ProvisionAsk) => Promise<Uint8Array>;

type Verdict = { readonly certificate: string } | { readonly refusal: ProvisionRefusal; readonly detail: string };

const paceSpanMs = 10 * 60_000;
/** A device that was refused asks every few minutes at most; a depot may set up a whole fleet under one claim. */
const paces = { station: 10, claim: 300 };
const dayMs = 86_400_000;
/** A device renews once in a year or two; each renewal is kept for good. */
const renewalsADay = 5;
/** Of who is refused again and again the ledger holds so many lines a day. */
const refusalsADay = 100;

export function createProvisionDesk(options: {
  readonly dir: string;
  readonly registry: Registry;
  readonly knows: (station: StationId) => boolean;
  readonly log: Logger;
  readonly nowMs?: () => number;
}): ProvisionDesk {
  const { dir, registry, knows, log, nowMs = Date.now } = options;
  const stationPace = createPace(paces.station, paceSpanMs);
  const claimPace = createPace(paces.claim, paceSpanMs);
  const ledgerPace = createPace(refusalsADay, dayMs);
  const tooOftenPace = createPace(1, paceSpanMs);
  const refuse = (refusal: ProvisionRefusal, detail: string): Verdict => ({ refusal, detail });

  async function judge(ask: ProvisionAsk, request: ProvisionRequest): Promise<Verdict> {
    const { commonName, station } = ask;
    // The library takes a while to load, and most platforms are seldom asked.
    const [{ judgeRequest }, { certifyDevice }, ca] = await Promise.all([
      import('./request.ts'),
      import('./issue.ts'),
      readCa(dir),
    ]);
    const judged = await judgeRequest(request.csr, station);
    if (!judged.ok) return refuse('csr-invalid', judged.detail);
    const { keySha256, publicKey } = judged;
    await registry.refresh();
    const claimed = commonName.startsWith(claimPrefix);
    const shown = recordOf(Buffer.from(ask.certificate), { by: 'seen' });
    // Revoked since it was let in, a moment ago.
    if (registry.revoked().has(shown.serial))
      return refuse('not-allowed', `the certificate of ${commonName} is revoked`);
    const right = claimed
      ? await byAllowance(station, keySha256, request.hardware)
      : byOwnCertificate(station, registry.issued().get(shown.serial) ?? shown, keySha256);
    if ('refusal' in right || 'certificate' in right) return right;
    if ([...registry.issued().values()].some((other) => other.keySha256 === keySha256))
      return refuse('csr-invalid', 'this key has a certificate already; make a new one');

    const certificate = await certifyDevice(ca, station, publicKey, nowMs());
    const by = claimed ? commonName : 'station';
    const renews = claimed ? {} : { renews: shown.serial };
    const record = recordOf(certificate, { by, issuedAtMs: issueTimeMs(registry, station, nowMs()), ...renews });
    await recordIssued(dir, record);
    await registry.refresh();
    // Revoked while we signed: who revoked a station may not have seen this one.
    if (registry.revoked().has(shown.serial)) {
      await revoke(dir, record, { reason: 'unspecified', by: 'platform' }, nowMs());
      return refuse('not-allowed', `the certificate of ${commonName} is revoked`);
    }
    if (right.allowance !== null) {
      const use = { at: new Date(nowMs()).toISOString(), serial: record.serial, keySha256, by: commonName };
      if (!(await useUp(dir, right.allowance, use))) {
        await revoke(dir, record, { reason: 'unspecified', by: 'platform' }, nowMs());
        return refuse('allowance-used', allowAgain(station));
      }
    }
    log.info({ station, by: commonName, serial: record.serial, until: record.notAfter }, 'certificate issued');
    return { certificate };
  }

  async function byAllowance(
    station: StationId,
    keySha256: string,
    hardware: string | null,
  ): Promise<Verdict | { readonly allowance: Allowance }> {
    if (!knows(station)) return refuse('not-allowed', `${station} is no station of the catalogue`);
    const all = await allowancesOf(dir, station);
    // The answer was lost on its way: who proves the same key gets the same certificate.
    const again = all.find(({ use }) => use?.keySha256 === keySha256)?.use?.serial;
    const before = again ? goodOne(again) : undefined;
    if (before !== undefined) return { certificate: before.certificate };
    const open = all.filter((one) => isOpen(one, nowMs()));
    const fitting = open.find((one) => one.hardware === null || one.hardware === hardware);
    if (fitting !== undefined) return { allowance: fitting };
    if (open.length > 0)
      return refuse('other-hardware', `${station} is allowed for another machine; ${allowAgain(station)}`);
    const [newest] = all;
    if (newest === undefined) return refuse('not-allowed', allowAgain(station));
    return refuse(newest.use === null ? 'allowance-expired' : 'allowance-used', allowAgain(station));
  }

  /**
   * Whose certificate is not the newest may not renew it: after a card swap, or with a copied card, that would bring
   * the old card back. A renewal of this very certificate does not count: its answer may have been lost.
   */
  function byOwnCertificate(
    station: StationId,
    own: IssuedRecord,
    keySha256: string,
  ): Verdict | { readonly allowance: null } {
    const { serial } = own;
    if (own.name !== station) return refuse('not-allowed', allowAgain(station));
    const good = registry.of(station).filter((one) => !registry.revoked().has(one.serial));
    const before = good.find((one) => one.keySha256 === keySha256 && one.renews === serial);
    if (before !== undefined) return { certificate: before.certificate };
    const newer = good.filter((one) => Date.parse(one.issuedAt) > Date.parse(own.issuedAt) && one.renews !== serial);
    if (newer.length > 0)
      return refuse('not-allowed', `${station} was given a newer certificate; ${allowAgain(station)}`);
    const dayAgoMs = nowMs() - dayMs;
    const renewals = registry
      .of(station)
      .filter((one) => one.renews !== undefined && Date.parse(one.issuedAt) > dayAgoMs);
    if (renewals.length >= renewalsADay)
      return refuse('too-often', `${station} was renewed ${renewals.length} times within a day; try again tomorrow`);
    return { allowance: null };
  }

  function goodOne(serial: string): IssuedRecord | undefined {
    return registry.revoked().has(serial) ? undefined : registry.issued().get(serial);
  }

  async function verdictOn(ask: ProvisionAsk, id: string): Promise<Verdict> {
    const { commonName, station, payload } = ask;
    const now = nowMs();
    const claimed = commonName.startsWith(claimPrefix);
    // Each asker for itself: who holds a claim must not keep a station from renewing its own.
    if ((claimed && !claimPace(commonName, now)) || !stationPace(`${commonName} ${station}`, now))
      return refuse('too-often', 'asked too often; try again in ten minutes');
    const request = decodeProvisionRequest(payload);
    if (!request.ok) return refuse('malformed', request.reason);
    try {
      return await judge(ask, request.value);
    } catch (error) {
      log.error({ err: error, station, id }, 'certificate not issued');
      const detail = 'the platform cannot sign at present: its log says why, and `siaga pki list` how its folder is';
      return refuse('unavailable', detail);
    }
  }

  async function answer(ask: ProvisionAsk): Promise<Uint8Array> {
    const id = idWithin(ask.payload);
    const verdict = await verdictOn(ask, id);
    if ('certificate' in verdict) {
      const ca = (await readCa(dir)).certPem;
      return encodeJson({ v: 1, id, ok: true, certificate: verdict.certificate, ca } satisfies ProvisionAnswer);
    }
    const { refusal, detail } = verdict;
    const { commonName: by, station: name } = ask;
    if (refusal !== 'too-often' || tooOftenPace(by, nowMs()))
      log.warn({ station: name, by, refusal, detail }, 'certificate refused');
    if (refusal !== 'too-often' && ledgerPace(by, nowMs()))
      await appendLedger(dir, { act: 'refuse', by, name, detail: `${refusal}: ${detail}` }, nowMs()).catch(() => {});
    return encodeJson({ v: 1, id, ok: false, refusal, detail: detail.slice(0, 200) } satisfies ProvisionAnswer);
  }

  // One after the other: what the one uses up, the next must find used up.
  let last: Promise<unknown> = Promise.resolve();
  return (ask) => {
    const answered = last.then(() => answer(ask));
    last = answered.catch(() => undefined);
    return answered;
  };
}

function allowAgain(station: StationId): string {
  return `an operator must run \`siaga pki allow ${station}\``;
}

/** The id of a request that may be malformed otherwise. */
function idWithin(payload: Uint8Array): string {
  const text = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.byteLength, 16_384)).toString('latin1');
  return /"id"\s*:\s*"([A-Za-z0-9-]{8,64})"/.exec(text)?.[1] ?? 'malformed-request';
}
