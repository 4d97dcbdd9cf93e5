import { expect, test } from 'vitest';
import { recentlyUsed } from './recently-used.ts';

test('forgets what was not asked for the longest, by weight', () => {
  const map = recentlyUsed<string, number>(10, (weight) => weight);
  map.set('a', 4);
  map.set('b', 4);
  expect(map.get('a')).toBe(4);
  map.set('c', 4);
  expect(['a', 'b', 'c'].map(map.get)).toEqual([4, undefined, 4]);
  map.set('a', 9);
  expect(['a', 'c'].map(map.get)).toEqual([9, undefined]);
  map.set('d', 99);
  expect(['a', 'd'].map(map.get)).toEqual([undefined, 99]);
  map.clear();
  expect(map.get('d')).toBeUndefined();
});
