import type { Fetched } from '../feed/client.ts';
import { addPush, fetchPushKey, removePush } from './me-api.ts';

/** Whether this device gets push messages, and if not, what stands against it. */
export type PushState = 'on' | 'off' | 'unsupported' | 'blocked';

const worker = '/sw.js';

export async function pushState(): Promise<PushState> {
  if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window)) return 'unsupported';
  const registration = await navigator.serviceWorker.getRegistration(worker);
  const subscription = await registration?.pushManager.getSubscription();
  if (Notification.permission === 'denied') return 'blocked';
  return subscription ? 'on' : 'off';
}

export type PushOutcome = Fetched<undefined> | { readonly ok: false; readonly why: 'no-key' | 'blocked' | 'failed' };

/** Asks the person, the browser and the server in this order. Call it from a click: browsers want one. */
export async function switchPushOn(): Promise<PushOutcome> {
  const key = await fetchPushKey();
  if (!key.ok) return key;
  if (key.value.key === null) return { ok: false, why: 'no-key' };
  if ((await Notification.requestPermission()) !== 'granted') return { ok: false, why: 'blocked' };
  try {
    await navigator.serviceWorker.register(worker);
    const { pushManager } = await navigator.serviceWorker.ready;
    // One made with another key of the server would never be heard.
    await (await pushManager.getSubscription())?.unsubscribe();
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key.value.key });
    const told = await addPush(subscription.toJSON());
    if (!told.ok) await subscription.unsubscribe();
    return told;
  } catch {
    return { ok: false, why: 'failed' };
  }
}

/** The server forgets this device first: what fails afterwards leaves a subscription that nobody uses. */
export async function switchPushOff(): Promise<PushOutcome> {
  const registration = await navigator.serviceWorker.getRegistration(worker);
  const subscription = await registration?.pushManager.getSubscription();
  if (!subscription) return { ok: true, value: undefined };
  const told = await removePush(subscription.endpoint);
  if (told.ok) await subscription.unsubscribe().catch(() => false);
  return told;
}
