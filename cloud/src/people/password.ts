/** Passwords: hashed by scrypt, a few at a time, with the parameters in the hash. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { refusal } from './refusal.ts';

/** 64 MB and some 0.1 s each: OWASP's second choice where argon2id is not to be had as a stable part of Node. */
const cost = { logN: 16, r: 8, p: 1 };
const keyBytes = 32;

/** At once: each takes a core and its memory, and others need them too. */
const defaults = { atOnce: 2, waiting: 40 };

export const tooBusy = { ...refusal('too-often', 'Too many people sign in at once: try again.'), retryAfterS: 5 };

export type Passwords = {
  /** The text to keep, or `tooBusy`. */
  hash(password: string): Promise<string | typeof tooBusy>;
  /** Takes as long without a hash as with one, so that the time tells nobody which logins there are. */
  verify(password: string, hash: string | null): Promise<boolean | typeof tooBusy>;
};

export function createPasswords({ atOnce, waiting: mostWaiting } = defaults): Passwords {
  const waiting: (() => void)[] = [];
  let running = 0;
  let stranger: Promise<string> | undefined;

  async function inTurn<T>(work: () => Promise<T>): Promise<T | typeof tooBusy> {
    if (running >= atOnce) {
      if (waiting.length >= mostWaiting) return tooBusy;
      // Who ends hands the place over, so that nobody slips in between.
      await new Promise<void>((go) => waiting.push(go));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  }

  return {
    hash: (password) => inTurn(() => hashed(password)),
    verify: (password, hash) =>
      inTurn(async () => {
        stranger ??= hashed(randomBytes(16).toString('hex'));
        const fits = await matches(password, hash ?? (await stranger));
        return fits && hash !== null;
      }),
  };
}

async function hashed(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, cost);
  const { logN, r, p } = cost;
  return ['scrypt', logN, r, p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

async function matches(password: string, hash: string): Promise<boolean> {
  const [, logN, r, p, salt = '', key = ''] = hash.split('$');
  const kept = Buffer.from(key, 'base64url');
  const given = await derive(password, Buffer.from(salt, 'base64url'), {
    logN: Number(logN),
    r: Number(r),
    p: Number(p),
  });
  return timingSafeEqual(given, kept);
}

/** The same text in another form of Unicode is the same password (NIST SP 800-63B §3.1.1.2). */
function derive(password: string, salt: Buffer, { logN, r, p }: typeof cost): Promise<Buffer> {
  const options: ScryptOptions = { N: 2 ** logN, r, p, maxmem: 2 ** logN * r * 128 + 2 ** 20 };
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, keyBytes, options, (error, key) => (error ? reject(error) : resolve(key))),
  );
}
