/** Codes of an authenticator app (RFC 6238): 6 digits, 30 s, SHA-1, as every app knows them. */
import { Secret, TOTP } from 'otpauth';

const periodS = 30;

export function mintTotpSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** What an app reads from a square code. */
export function totpUri(secret: string, login: string, issuer: string): string {
  return totpOf(secret, { label: login, issuer }).toString();
}

/**
 * The time step that `code` is of, or undefined where it is of none near now: one step either way. By the machine's own
 * time, not the platform's clock: that is what phones go by.
 */
export function stepOf(secret: string, code: string, nowMs = Date.now()): number | undefined {
  const delta = totpOf(secret).validate({ token: code, timestamp: nowMs, window: 1 });
  return delta === null ? undefined : Math.floor(nowMs / 1000 / periodS) + delta;
}

function totpOf(secret: string, names: { label?: string; issuer?: string } = {}): TOTP {
  return new TOTP({ ...names, secret: Secret.fromBase32(secret), digits: 6, period: periodS, algorithm: 'SHA1' });
}
