/** The value below which `share` (0–1) of the samples lie: the nearest rank, never an interpolation. Throws when empty. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('a percentile of nothing');
  return value;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}
