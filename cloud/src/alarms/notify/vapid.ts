/**
 * The key pair by which push services know this platform (RFC 8292). From the environment, or minted once into the data
 * folder: with another pair every browser would have to subscribe again.
 */
import { createECDH } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import webPush, { type VapidKeys } from 'web-push';
import { codeOf } from './faults.ts';
import { type Fault, fault, type Settings } from './settings.ts';

export const vapidVariables = ['SIAGA_WEB_PUSH_PUBLIC_KEY', 'SIAGA_WEB_PUSH_PRIVATE_KEY', 'SIAGA_DATA'] as const;
const noKeys: VapidKeys = { publicKey: '', privateKey: '' };

/** Faults are noted in `settings`, under the variable to mend. */
export function vapidKeys(settings: Settings): VapidKeys {
  const publicKey = settings.text('SIAGA_WEB_PUSH_PUBLIC_KEY');
  const privateKey = settings.text('SIAGA_WEB_PUSH_PRIVATE_KEY');
  const given = publicKey !== undefined || privateKey !== undefined;
  const keys = given ? { publicKey: publicKey ?? '', privateKey: privateKey ?? '' } : keptKeys(settings);
  if ('fault' in keys) {
    settings.fault('SIAGA_DATA', keys.fault);
    return noKeys;
  }
  if (isPair(keys)) return keys;
  if (given)
    settings.fault('SIAGA_WEB_PUSH_PUBLIC_KEY, SIAGA_WEB_PUSH_PRIVATE_KEY', 'are no pair of keys, each in base64url');
  else
    settings.fault('SIAGA_DATA', 'web-push.json in it holds no pair of keys: restore it, or remove it for a new one');
  return noKeys;
}

function keptKeys(settings: Settings): VapidKeys | Fault {
  const folder = resolve(settings.text('SIAGA_DATA') ?? '.siaga');
  const file = join(folder, 'web-push.json');
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${JSON.stringify(webPush.generateVAPIDKeys())}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') return fault(`the web push keys cannot be kept in it (${codeOf(error)})`);
  }
  try {
    return { ...noKeys, ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<VapidKeys>) };
  } catch (error) {
    return error instanceof SyntaxError ? noKeys : fault(`web-push.json in it cannot be read (${codeOf(error)})`);
  }
}

/** The public one is what follows from the private one. */
function isPair({ publicKey, privateKey }: VapidKeys): boolean {
  try {
    const pair = createECDH('prime256v1');
    pair.setPrivateKey(Buffer.from(privateKey, 'base64url'));
    return pair.getPublicKey().toString('base64url') === publicKey;
  } catch {
    return false;
  }
}
