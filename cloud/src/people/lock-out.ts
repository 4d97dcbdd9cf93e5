/**
 * Slows whoever guesses, without letting strangers lock staff out. Five failures from one address shut that address out
 * of that account for 15 minutes. Many failures from many addresses thin out what unknown addresses may try, one in 30
 * s; an address from which the account signed in before is not among them. Kept in memory: a restart forgets it.
 */
export type LockOut = {
  /** Counts a try; how many seconds to wait instead, or 0 to go on. */
  begin(login: string, address: string): number;
  /** The try was no failure, though not a sign-in either. */
  undo(login: string, address: string): void;
  succeeded(login: string, address: string): void;
  /** Whether anyone is shut out of it now. */
  isLocked(login: string): boolean;
};

type Tries = { count: number; lastAtMs: number };

const perAddress = { most: 5, forMs: 15 * 60_000 };
const perLogin = { most: 50, forMs: 60 * 60_000, everyMs: 30_000 };
const mostKept = 20_000;

export function createLockOut(nowMs: () => number): LockOut {
  const byAddress = new Map<string, Tries>();
  const byLogin = new Map<string, Tries>();
  const known = new Map<string, Tries>();
  const pair = (login: string, address: string) => JSON.stringify([login, address]);

  function triesOf(map: Map<string, Tries>, key: string, forMs: number): Tries {
    const found = map.get(key);
    if (found !== undefined && nowMs() - found.lastAtMs < forMs) {
      // The clock was set back: who waits does not wait for it to come round again.
      if (found.lastAtMs > nowMs()) found.lastAtMs = nowMs();
      return found;
    }
    return { count: 0, lastAtMs: nowMs() };
  }

  function keep(map: Map<string, Tries>, key: string, tries: Tries): void {
    // Newest last: what is dropped when there are too many is the oldest.
    map.delete(key);
    map.set(key, tries);
    if (map.size > mostKept) map.delete(map.keys().next().value as string);
  }

  return {
    begin(login, address) {
      const key = pair(login, address);
      const here = triesOf(byAddress, key, perAddress.forMs);
      const now = nowMs();
      if (here.count >= perAddress.most) return Math.ceil((here.lastAtMs + perAddress.forMs - now) / 1000);
      const everywhere = triesOf(byLogin, login, perLogin.forMs);
      const wait = everywhere.lastAtMs + perLogin.everyMs - now;
      if (everywhere.count >= perLogin.most && wait > 0 && !known.has(key)) return Math.ceil(wait / 1000);
      keep(byAddress, key, { count: here.count + 1, lastAtMs: now });
      keep(byLogin, login, { count: everywhere.count + 1, lastAtMs: now });
      return 0;
    },
    undo(login, address) {
      for (const [map, key] of [
        [byAddress, pair(login, address)],
        [byLogin, login],
      ] as const) {
        const tries = map.get(key);
        if (tries !== undefined) map.set(key, { ...tries, count: Math.max(0, tries.count - 1) });
      }
    },
    succeeded(login, address) {
      byAddress.delete(pair(login, address));
      byLogin.delete(login);
      keep(known, pair(login, address), { count: 0, lastAtMs: nowMs() });
    },
    isLocked(login) {
      if (triesOf(byLogin, login, perLogin.forMs).count >= perLogin.most) return true;
      const start = `${JSON.stringify([login]).slice(0, -1)},`;
      return [...byAddress.keys()].some(
        (key) => key.startsWith(start) && triesOf(byAddress, key, perAddress.forMs).count >= perAddress.most,
      );
    },
  };
}
