/**
 * AWS IoT fleet provisioning with the SDK's identity client: CreateCertificateFromCsr, so that the key stays here,
 * then RegisterThing with the template, which makes the certificate active.
 * https://docs.aws.amazon.com/iot/latest/developerguide/provision-wo-cert.html
 */
import { agentError, messageOf } from '../errors.ts';
import type { Pems } from '../uplink/credentials.ts';
import type { Target } from '../uplink/target.ts';

export type AwsWay = {
  readonly target: Target;
  readonly pems: Pems;
  readonly clientId: string;
  readonly signal: AbortSignal;
};

const operationS = 20;

/** Rejects with `provision-refused` or `provision-failed`. */
export async function askAws(
  way: AwsWay,
  ask: { readonly csr: string; readonly template: string; readonly station: string; readonly hardware: string | null },
): Promise<{ certificate: string; ca: string }> {
  const { csr, template, station, hardware } = ask;
  const { IotIdentityClientv2 } = await import('aws-iot-device-sdk-v2/dist/iotidentity/iotidentityclientv2.js');
  return connected(way, async (client) => {
    const identity = IotIdentityClientv2.newFromMqtt5(client, {
      maxRequestResponseSubscriptions: 4,
      maxStreamingSubscriptions: 1,
      operationTimeoutInSeconds: operationS,
    });
    try {
      const created = await identity
        .createCertificateFromCsr({ certificateSigningRequest: csr })
        .catch((error) => refused('no certificate for our request: does the claim’s policy allow it?', error));
      const { certificatePem, certificateOwnershipToken } = created;
      if (certificatePem === undefined || certificateOwnershipToken === undefined)
        throw agentError('provision-failed', 'AWS answered without a certificate or its token');
      const registered = await identity
        .registerThing({
          templateName: template,
          certificateOwnershipToken,
          parameters: { Station: station, SerialNumber: hardware ?? station },
        })
        .catch((error) => refused(`the template ${template} does not take this device; is it on its list?`, error));
      if (registered.thingName !== station)
        throw agentError(
          'provision-refused',
          `the template names the thing ${registered.thingName ?? 'nothing'}; it must be the station, ${station}: mend the template`,
        );
      return { certificate: certificatePem, ca: way.pems.ca.toString('utf8') };
    } finally {
      identity.close();
    }
  });
}

/** Resolves when the broker lets these credentials in. */
export async function tryAws(way: AwsWay): Promise<void> {
  await connected(way, async () => undefined);
}

/** What the identity client throws: `modeledError` is what the service said, `internalError` what befell the client. */
type IdentityError = {
  readonly modeledError?: { readonly errorCode?: string; readonly errorMessage?: string };
  readonly internalError?: unknown;
};

function refused(words: string, error: unknown): never {
  const { modeledError: modeled, internalError } = error as IdentityError;
  const said =
    modeled === undefined ? messageOf(internalError ?? error) : `${modeled.errorCode}: ${modeled.errorMessage}`;
  throw agentError(modeled === undefined ? 'provision-failed' : 'provision-refused', `AWS: ${words} (${said})`, error);
}

type Mqtt5Client = import('aws-crt').mqtt5.Mqtt5Client;

async function connected<T>(way: AwsWay, use: (client: Mqtt5Client) => Promise<T>): Promise<T> {
  const { target, pems, clientId, signal } = way;
  const { io, mqtt5 } = await import('aws-crt');
  const tls = new io.TlsContextOptions();
  tls.override_default_trust_store(pems.ca.toString('utf8'));
  tls.certificate = pems.cert.toString('utf8');
  tls.private_key = pems.key.toString('utf8');
  if (target.alpn !== null) tls.alpn_list = [target.alpn];
  const client = new mqtt5.Mqtt5Client({
    hostName: target.host,
    port: target.port,
    tlsCtx: new io.ClientTlsContext(tls),
    connectProperties: { clientId, keepAliveIntervalSeconds: 30 },
    sessionBehavior: mqtt5.ClientSessionBehavior.Clean,
    connackTimeoutMs: 10_000,
    // One attempt: whoever calls us decides about the next.
    minReconnectDelayMs: 3_600_000,
    maxReconnectDelayMs: 3_600_000,
  });
  const failed = (why: string, cause?: unknown) =>
    agentError('provision-failed', `${target.host}:${target.port}: ${why}`, cause);
  const ended = new Promise<never>((_resolve, reject) => {
    client.on('connectionFailure', ({ error, connack }) =>
      reject(failed(`no connection: ${connack?.reasonString ?? messageOf(error)}`, error)),
    );
    client.on('disconnection', ({ error }) =>
      reject(failed(`the broker ended the connection: ${messageOf(error)}`, error)),
    );
    const giveUp = () => reject(failed('no answer in time', signal.reason));
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
  });
  ended.catch(() => undefined);
  const stands = new Promise<void>((resolve) => client.on('connectionSuccess', () => resolve()));
  const stopped = new Promise<void>((resolve) => client.on('stopped', () => resolve()));
  client.start();
  try {
    return await Promise.race([stands.then(() => use(client)), ended]);
  } finally {
    client.stop();
    await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
    client.close();
  }
}
