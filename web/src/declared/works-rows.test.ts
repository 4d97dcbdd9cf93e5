import { expect, test } from 'vitest';
import { rowsOfWorks, worksOfRows } from './works-rows.ts';

test('a gate station starts with a gate, a pump basin with a pump, and what stands is edited', () => {
  expect(rowsOfWorks(null, 'gate-up').gates).toHaveLength(1);
  expect(rowsOfWorks(null, 'pump-basin').pumps).toHaveLength(1);
  const works = { gates: [{ name: 'A', openPercent: 40 }], pumps: [], enteredAt: '', by: '' };
  expect(rowsOfWorks(works, 'gate-up')).toEqual({ gates: works.gates, pumps: [] });
});

test('a row that is not complete is not sent', () => {
  expect(worksOfRows({ gates: [{ name: ' A ', openPercent: 40 }], pumps: [] })).toEqual({
    gates: [{ name: 'A', openPercent: 40 }],
    pumps: [],
  });
  for (const gate of [
    { name: '', openPercent: 1 },
    { name: 'A', openPercent: null },
    { name: 'A', openPercent: 101 },
  ])
    expect(worksOfRows({ gates: [gate], pumps: [] })).toBeUndefined();
});
