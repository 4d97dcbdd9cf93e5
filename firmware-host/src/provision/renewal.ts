/** Renews the certificate before it ends, while the agent runs. */
import { createHash, X509Certificate } from 'node:crypto';
import { isAgentError, messageOf } from '../errors.ts';
import type { Pems } from '../uplink/credentials.ts';
import { type DeviceTime, trustedClock } from '../uplink/device-time.ts';
import { credentialSets } from './credential-sets.ts';
import { obtain, type ProvisionSettings, tryCredentials, type Under } from './obtain.ts';

export type RenewalOptions = ProvisionSettings & {
  /** Wall clock in ms UTC; the machine's if not given. */
  readonly nowMs?: () => number;
  /** Another certificate lies ready: connect anew soon. Until then the present connection goes on. */
  readonly onRenewed?: () => void;
};

export type RenewalOutcome =
  | { readonly done: 'not-due'; readonly dueAtMs: number; readonly expiresAtMs: number }
  | { readonly done: 'renewed'; readonly expiresAtMs: number }
  /** The certificate of before was put back: the new one did not connect. */
  | { readonly done: 'put-back'; readonly reason: string }
  | { readonly done: 'failed'; readonly reason: string; readonly retry: boolean };

export type Renewal = {
  /** To be called daily, and at start. Never rejects; takes at most a few minutes. */
  check(): Promise<RenewalOutcome>;
  /** The agent has connected: the certificate of before is no longer needed. */
  connected(): Promise<void>;
  /** When the present certificate ends; null without one. */
  expiresAtMs(): Promise<number | null>;
};

/** Of a certificate's life: a fleet that was set up on one day does not renew in one hour. */
const jitter = 0.05;

export function createRenewal(options: RenewalOptions): Renewal {
  const { log, provision, nowMs = Date.now, time = trustedClock } = options;
  const sets = credentialSets(options.uplink);

  async function check(): Promise<RenewalOutcome> {
    try {
      await sets.recover();
      const back = await settle();
      if (back !== null) return back;
      const current = await sets.current();
      if (current === null) return provision.claim ? await renew('claim') : failed(await nothingThere());
      const { fromMs, untilMs, dueAtMs } = lifeOf(current, provision.renewAt);
      const now = whenMs(time, nowMs);
      if (now < dueAtMs) return { done: 'not-due', dueAtMs, expiresAtMs: untilMs };
      log.info(
        { since: new Date(fromMs).toISOString(), until: new Date(untilMs).toISOString() },
        'renewing certificate',
      );
      return await renew(now >= untilMs && provision.claim ? 'claim' : 'own');
    } catch (error) {
      return failed(error);
    }
  }

  async function renew(under: Under): Promise<RenewalOutcome> {
    const { expiresAtMs } = await obtain(options, under);
    options.onRenewed?.();
    return { done: 'renewed', expiresAtMs };
  }

  /** A set that never connected since its switch is tried, and the one before in its place. */
  async function settle(): Promise<RenewalOutcome | null> {
    if (!(await sets.hasPrevious())) return null;
    const [current, previous] = [await sets.current(), await sets.current('previous')];
    const fault = current === null ? 'it cannot be read' : await faultOf(current);
    if (fault === null || previous === null || (await faultOf(previous)) !== null) return null;
    await sets.goBack();
    const reason = `the new certificate does not connect (${fault}); the one before is used again`;
    log.warn({ reason }, 'certificate put back');
    options.onRenewed?.();
    return { done: 'put-back', reason };
  }

  const faultOf = (pems: Pems): Promise<string | null> =>
    tryCredentials(options, pems).then(
      () => null,
      (error) => messageOf(error),
    );

  async function nothingThere(): Promise<Error> {
    return new Error(`${sets.root}/current holds no certificate with its key, and provision.claim is not set`);
  }

  function failed(error: unknown): RenewalOutcome {
    const reason = messageOf(error);
    log.warn({ reason }, 'certificate not renewed');
    return { done: 'failed', reason, retry: !isAgentError(error) || error.retry };
  }

  return {
    check,
    async connected() {
      await sets.forgetPrevious().catch((error) => log.warn({ err: messageOf(error) }, 'old certificate not removed'));
    },
    async expiresAtMs() {
      const current = await sets.current();
      return current === null ? null : new X509Certificate(current.cert).validToDate.getTime();
    },
  };
}

/** By a clock that is not to be trusted, nothing has ended that may not have. */
function whenMs({ clockTrusted, earliestMs }: DeviceTime, nowMs: () => number): number {
  return clockTrusted() ? nowMs() : earliestMs();
}

/** The jitter is the certificate's own: a restart does not throw the dice again. */
export function lifeOf({ cert }: Pick<Pems, 'cert'>, renewAt: number) {
  const certificate = new X509Certificate(cert);
  const [fromMs, untilMs] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  const dice = createHash('sha256').update(certificate.serialNumber).digest().readUInt32BE(0) / 2 ** 32;
  const share = renewAt + (dice - 0.5) * jitter;
  return { fromMs, untilMs, dueAtMs: Math.round(fromMs + share * (untilMs - fromMs)) };
}
