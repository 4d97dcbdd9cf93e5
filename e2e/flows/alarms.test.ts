/** The alarm benches in small: what they demand must hold on every change, not only when somebody measures. */
import { expect, it } from 'vitest';
import { playSeason } from '../bench/alarms/season.ts';
import { playStorm } from '../bench/alarms/storm.ts';

const demands = (rows: readonly { what: string; value: number | null; holds: boolean | null }[]) =>
  rows.filter(({ holds }) => holds === false).map(({ what, value }) => `${what}: ${value}`);

it('48 hours of a season: true crossings in time, nothing from late data, no chatter, nothing rewritten', async () => {
  const { rows, faults } = await playSeason({ hours: 48, seed: 'flow', restartEveryH: 11 }, () => {});
  expect(faults.filter((fault) => !fault.startsWith('repeats'))).toEqual([]);
  expect(demands(rows)).toEqual([]);
  const numberOf = (what: string) => rows.find((row) => row.what.endsWith(what))?.value;
  expect(numberOf('known while present')).toBeGreaterThan(50);
  expect(numberOf('restarts in it')).toBe(4);
});

it('a storm of 500 conditions is a handful of items, with nothing of the top priority hidden', async () => {
  expect(demands(await playStorm('flow'))).toEqual([]);
});
