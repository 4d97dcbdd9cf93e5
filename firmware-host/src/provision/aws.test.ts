import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPki, type Pki } from '../testing/broker.ts';
import { type Mosquitto, startMosquitto } from '../testing/mosquitto.ts';
import { createSigner } from '../testing/provisioner.ts';
import { obtain, type ProvisionSettings } from './obtain.ts';

/*
 * A fake of AWS IoT over Mosquitto, that answers as documented:
 * https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html
 */

const create = '$aws/certificates/create-from-csr/json';
const register = '$aws/provisioning-templates/siaga/provision/json';
const token = 'ownership-token';

let folder: string;
let pki: Pki;
let broker: Mosquitto;
let aws: MqttClient;
let asked: { topic: string; body: Record<string, unknown> }[];
let thing: (station: string) => { topic: string; body: object };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-aws-'));
  const [made, signer] = await Promise.all([createPki(), createSigner()]);
  pki = made;
  const rules = [create, register].flatMap((topic) => [`pattern write ${topic}`, `pattern read ${topic}/#`]);
  broker = await startMosquitto({ ...pki, ca: `${pki.ca}\n${signer.ca}` }, join(folder, 'broker'), rules);
  asked = [];
  thing = (station) => ({ topic: 'accepted', body: { deviceConfiguration: {}, thingName: station } });
  aws = await connectAsync(`mqtt://127.0.0.1:${broker.plainPort}`);
  aws.on('message', async (topic, payload) => {
    const body = JSON.parse(String(payload)) as Record<string, unknown>;
    asked.push({ topic, body });
    const say = (answer: string, words: object) =>
      aws.publishAsync(`${topic}/${answer}`, JSON.stringify(words), { qos: 1 });
    if (topic === create) {
      const certificatePem = await signer.sign(String(body.certificateSigningRequest));
      await say('accepted', { certificateOwnershipToken: token, certificateId: 'abc', certificatePem });
    } else {
      const { topic: answer, body: words } = thing((body.parameters as { Station: string }).Station);
      await say(answer, words);
    }
  });
  await aws.subscribeAsync([create, register], { qos: 1 });
  const { cert, key } = await pki.issue('claim');
  for (const [name, text] of Object.entries({ 'ca.crt': pki.ca, 'claim.crt': cert, 'claim.key': key }))
    writeFileSync(join(folder, name), text);
});
afterEach(async () => {
  await aws.endAsync(true);
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

function settings(): ProvisionSettings {
  const at = (name: string) => join(folder, name);
  const current = (name: string) => join(folder, 'credentials', 'current', name);
  return {
    station: 'katulampa',
    uplink: {
      kind: 'aws-iot',
      url: `mqtts://localhost:${broker.port}`,
      ca: current('ca.crt'),
      cert: current('device.crt'),
      key: current('device.key'),
    },
    provision: {
      by: 'aws',
      claim: { ca: at('ca.crt'), cert: at('claim.crt'), key: at('claim.key') },
      hardware: 'pi-1',
      renewAt: 0.67,
      template: 'siaga',
    },
    log: pino({ level: 'silent' }),
    withinMs: 20_000,
  };
}

it('a certificate for our own key is made and registered by the template', async () => {
  const { serial } = await obtain(settings(), 'claim');
  expect(asked.map(({ topic }) => topic)).toEqual([create, register]);
  expect(asked[1]?.body).toEqual({
    certificateOwnershipToken: token,
    parameters: { Station: 'katulampa', SerialNumber: 'pi-1' },
  });
  expect(JSON.stringify(asked)).not.toContain('PRIVATE');
  expect(new X509Certificate(readFileSync(settings().uplink.cert)).serialNumber).toBe(serial);
});

it('what the template’s hook refuses is said with AWS’s own words', async () => {
  thing = () => ({
    topic: 'rejected',
    body: { statusCode: 403, errorCode: 'AccessDenied', errorMessage: 'Pre-provisioning hook denied the request' },
  });
  await expect(obtain(settings(), 'claim')).rejects.toMatchObject({
    code: 'provision-refused',
    message: expect.stringContaining('AccessDenied: Pre-provisioning hook denied the request'),
  });
  expect(existsSync(settings().uplink.cert)).toBe(false);
});

it('a template that names the thing otherwise than the station is not taken', async () => {
  thing = () => ({ topic: 'accepted', body: { thingName: 'thing-7' } });
  await expect(obtain(settings(), 'claim')).rejects.toThrow(
    'names the thing thing-7; it must be the station, katulampa',
  );
});

it('a broker that is not there is said in time', async () => {
  await broker.close();
  await expect(obtain(settings(), 'claim')).rejects.toMatchObject({ code: 'provision-failed', retry: true });
});
