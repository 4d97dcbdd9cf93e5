/** What the identity provider's way back says in the address (`#sign-in=forbidden`), in words. */
const failures: Readonly<Record<string, string>> = {
  forbidden:
    'You are known there, but may not use this console: ask an admin for a role, or whether your account is disabled.',
  'not-signed-in': 'The sign-in took too long, or was begun in another window. Try again.',
  conflict: 'Your account was changed in the same moment. Try again.',
  provider: 'The identity provider cannot be reached. Sign in by password, or try again later.',
  failed: 'The sign-in there failed. Try again; if it goes on, the server’s log says why.',
};

/** Undefined where the address says nothing of a failure: what it says is anyone's, and never shown itself. */
export function providerFailure(of: string): string | undefined {
  return Object.hasOwn(failures, of) ? failures[of] : undefined;
}

export const proveThere = (name: string) => `Prove it with ${name}`;
export const proveThereHint = 'This leads away and back here; then do again what you wanted to do.';

/** To the provider, to prove anew who one is, and back to this place in the console. */
export function proveThereHref(hash: string): string {
  return `/api/v1/session/oidc?${new URLSearchParams({ again: 'true', back: hash.replace(/^#/, '') })}`;
}
