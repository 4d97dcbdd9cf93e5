/** Gets a certificate and puts it into use: key, request, answer, trial, switch. A power cut anywhere leaves the old one. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import type { Logger } from 'pino';
import { agentError, isAgentError, messageOf } from '../errors.ts';
import type { UplinkConfig } from '../uplink/config.ts';
import { type Pems, readCredentials } from '../uplink/credentials.ts';
import { type DeviceTime, trustedClock } from '../uplink/device-time.ts';
import { type Target, targetOf } from '../uplink/target.ts';
import type { ProvisionConfig } from './config.ts';
import { type CredentialSets, credentialSets } from './credential-sets.ts';
import { hardwareSerial } from './hardware.ts';
import { faultOfIssued } from './issued.ts';
import { makeKey, signingRequest } from './signing-request.ts';

export type ProvisionSettings = {
  readonly station: string;
  readonly uplink: UplinkConfig;
  readonly provision: ProvisionConfig;
  readonly log: Logger;
  readonly time?: DeviceTime;
  /** For the whole of it, in ms. */
  readonly withinMs?: number;
};

export type Obtained = { readonly serial: string; readonly expiresAtMs: number };

const wholeMs = 90_000;

/** `claim`: under the claim certificate. `own`: a renewal under the present one. */
export type Under = 'claim' | 'own';

/** Rejects with `provision-refused`, `provision-failed` or `credentials-unreadable`; then nothing has changed. */
export async function obtain(settings: ProvisionSettings, under: Under): Promise<Obtained> {
  const { station, uplink, log } = settings;
  const sets = credentialSets(uplink);
  await sets.recover();
  const shown = await credentialsFor(settings, sets, under);
  const key = await keyFor(sets);
  const csr = await signingRequest(key, station);
  const signal = AbortSignal.timeout(settings.withinMs ?? wholeMs);
  const { certificate, ca } = await ask(settings, shown, csr, signal).catch(async (error) => {
    // The platform knows this key already: the next attempt makes another.
    if (isAgentError(error) && error.cause === 'csr-invalid') await sets.dropPendingKey();
    throw error;
  });
  const fault = faultOfIssued({ certificate, ca, key, station });
  if (fault !== null) throw agentError('provision-failed', `the certificate that came is not used: ${fault}`);
  const set = await sets.stage({ ca, cert: certificate, key });
  const pems = { ca: Buffer.from(ca), cert: Buffer.from(certificate), key: Buffer.from(key) };
  await tryCredentials(settings, pems, signal).catch(async (error) => {
    await sets.drop(set);
    throw agentError(
      'provision-failed',
      `the new certificate is not used, for it does not connect: ${messageOf(error)}`,
      error,
    );
  });
  await sets.use(set);
  await sets.dropPendingKey();
  const { serialNumber: serial, validToDate } = new X509Certificate(certificate);
  log.info({ serial, until: validToDate.toISOString(), under }, 'certificate installed');
  return { serial, expiresAtMs: validToDate.getTime() };
}

/** Resolves when the broker lets these credentials in. On the platform's own it stands beside the agent's connection. */
export async function tryCredentials(
  settings: ProvisionSettings,
  pems: Pems,
  signal: AbortSignal = AbortSignal.timeout(settings.withinMs ?? wholeMs),
): Promise<void> {
  const { station, provision, time = trustedClock } = settings;
  if (provision.by === 'aws') {
    const { tryAws } = await import('./aws.ts');
    return tryAws({ target: targetOf(settings.uplink), pems, clientId: station, signal });
  }
  const { tryPlatform } = await import('./claim.ts');
  return tryPlatform({ target: askedAt(settings), pems, station, time, signal });
}

async function ask(
  settings: ProvisionSettings,
  pems: Pems,
  csr: string,
  signal: AbortSignal,
): Promise<{ certificate: string; ca: string }> {
  const { station, provision, time = trustedClock } = settings;
  const hardware = provision.hardware ?? (await hardwareSerial());
  if (provision.by === 'aws') {
    const { askAws } = await import('./aws.ts');
    const clientId = `${station}-provision`;
    const template = provision.template ?? '';
    return askAws({ target: askedAt(settings), pems, clientId, signal }, { csr, template, station, hardware });
  }
  const { askPlatform } = await import('./claim.ts');
  return askPlatform({ target: askedAt(settings), pems, station, time, signal }, { csr, hardware });
}

function askedAt({ provision, uplink }: ProvisionSettings): Target {
  return targetOf(provision.url === undefined ? uplink : { url: provision.url });
}

async function credentialsFor({ provision }: ProvisionSettings, sets: CredentialSets, under: Under): Promise<Pems> {
  if (under === 'own') {
    const own = await sets.current();
    if (own !== null) return own;
    throw agentError(
      'credentials-unreadable',
      `${sets.root}/current holds no certificate with its key; get one with \`siaga-agent provision\``,
    );
  }
  if (provision.claim === undefined)
    throw agentError(
      'config-invalid',
      'provision.claim: is missing: without a claim certificate none can be asked for',
    );
  return readCredentials(provision.claim, 'provision.claim');
}

async function keyFor(sets: CredentialSets): Promise<string> {
  const key = await sets.pendingKey(makeKey);
  const current = await sets.current();
  // The power went between the switch and the clearing away: this key has its certificate.
  if (current === null || !new X509Certificate(current.cert).publicKey.equals(createPublicKey(key))) return key;
  await sets.dropPendingKey();
  return sets.pendingKey(makeKey);
}
