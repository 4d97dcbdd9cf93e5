/**
 * Files that the disk did not give. A card that is reset gives nothing for a while, and everything afterwards: what
 * it holds is passed over, and counts as lost only after the disk has refused several times, minutes apart.
 */
export type Refusals = {
  /** Asking a failing disk takes seconds, and an append may wait behind it: seldom. */
  mayAsk(path: string): boolean;
  /** It was asked and gave nothing. */
  refused(path: string): void;
  gave(path: string): void;
  isForGood(path: string): boolean;
};

const asksInVain = 3;
const askEveryMs = 600_000;

export function createRefusals(): Refusals {
  const known = new Map<string, { readonly times: number; readonly atMs: number }>();
  const isForGood = (path: string) => (known.get(path)?.times ?? 0) >= asksInVain;
  return {
    mayAsk(path) {
      const last = known.get(path);
      return last === undefined || (!isForGood(path) && performance.now() - last.atMs >= askEveryMs);
    },
    refused(path) {
      known.set(path, { times: (known.get(path)?.times ?? 0) + 1, atMs: performance.now() });
    },
    gave: (path) => void known.delete(path),
    isForGood,
  };
}
