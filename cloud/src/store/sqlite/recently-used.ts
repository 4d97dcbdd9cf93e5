/**
 * A map in memory before a table: it forgets what was not asked for the longest once its entries weigh more than
 * `maxWeight` together. An entry that has grown is weighed again by `set`.
 */
export function recentlyUsed<K, V>(maxWeight: number, weightOf: (value: V) => number = () => 1) {
  const entries = new Map<K, { readonly value: V; readonly weight: number }>();
  let weight = 0;

  function remove(key: K): void {
    weight -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  }

  return {
    get(key: K): V | undefined {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key: K, value: V): void {
      remove(key);
      const own = weightOf(value);
      entries.set(key, { value, weight: own });
      weight += own;
      for (const oldest of entries.keys()) {
        if (weight <= maxWeight || entries.size === 1) break;
        remove(oldest);
      }
    },
    clear(): void {
      entries.clear();
      weight = 0;
    },
  };
}
