import { expect, test } from 'vitest';
import { defaultShelfMinutes, shelfMinutes } from './shelf.ts';

test('the top priority is shelved by a supervisor only, and for 30 minutes at most', () => {
  expect(shelfMinutes('high', false)).toEqual([]);
  expect(Math.max(...shelfMinutes('high', true))).toBe(30);
  expect(shelfMinutes('medium', false)).toContain(60);
  for (const priority of ['low', 'medium', 'high'] as const)
    expect(shelfMinutes(priority, true)).toContain(defaultShelfMinutes);
});
