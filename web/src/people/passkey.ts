import { parsed, parserOf, refused, SessionInfo } from '@siaga/protocol';
import {
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';
import { type Fetched, type Parse, parseAnything, sendJson } from '../feed/client.ts';

const parseSession = parserOf(SessionInfo);

/** The browser checks what it is asked for by itself; that there is a challenge, we check. */
function parseOptions<T extends { readonly challenge: string }>(): Parse<T> {
  return (input) => {
    const challenge = typeof input === 'object' && input !== null && 'challenge' in input ? input.challenge : undefined;
    return typeof challenge === 'string' ? parsed(input as T) : refused('challenge: is missing');
  };
}

const cancelled = 'The passkey was not used: cancelled, timed out, or not made for this address.';

/** Signs in by a passkey of this device; the person chooses which. */
export async function signInByPasskey(): Promise<Fetched<SessionInfo>> {
  const options = await sendJson(
    'POST',
    '/api/v1/session/passkey/options',
    {},
    parseOptions<PublicKeyCredentialRequestOptionsJSON>(),
  );
  if (!options.ok) return options;
  const response = await byDevice(() => startAuthentication({ optionsJSON: options.value }));
  if (!response.ok) return response;
  return sendJson('POST', '/api/v1/session/passkey', { response: response.value }, parseSession);
}

/** Makes a passkey on this device and lets the server know it under a name. */
export async function addPasskey(name: string): Promise<Fetched<undefined>> {
  const options = await sendJson(
    'POST',
    '/api/v1/me/passkeys/options',
    {},
    parseOptions<PublicKeyCredentialCreationOptionsJSON>(),
  );
  if (!options.ok) return options;
  const response = await byDevice(() => startRegistration({ optionsJSON: options.value }));
  if (!response.ok) return response;
  return sendJson('POST', '/api/v1/me/passkeys', { name, response: response.value }, parseAnything);
}

/** What the browser or the person did not do becomes a value: it is no failure of the page. */
async function byDevice<T>(ask: () => Promise<T>): Promise<Fetched<T>> {
  try {
    return { ok: true, value: await ask() };
  } catch (error) {
    const again = error instanceof Error && error.name === 'InvalidStateError';
    const detail = again ? 'This device already holds a passkey of yours.' : cancelled;
    return { ok: false, fault: { code: 'refused', detail, status: 400 } };
  }
}
