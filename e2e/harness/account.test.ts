import { expect, test } from 'vitest';
import { accountFor } from './account.ts';

const bursts = [1, 2, 3].map((i) => ({ atMs: 1_000_000 + i * 1000, distanceMm: 500 + i }));
const stream = 'aaaaaaaaaaaaaaaa';
const served = bursts.map(({ atMs, distanceMm }, i) => ({
  stream,
  seq: i + 1,
  observedAtMs: atMs + 2,
  distanceMm,
  stageMm: 0,
  flag: 1,
}));
const [first, second, third] = served as [(typeof served)[0], (typeof served)[0], (typeof served)[0]];
const clean = {
  bursts: 3,
  readings: 3,
  streams: 1,
  lost: [],
  holes: [],
  twice: [],
  invented: [],
  torn: [],
  unread: [],
};

test('everything served once, as it was stored and written', () => {
  expect(accountFor(bursts, served, served)).toEqual(clean);
});

test('a reading that is not served is lost, leaves a hole and an unread burst', () => {
  const account = accountFor(bursts, served, [first, third]);
  expect(account).toMatchObject({ lost: [second], holes: [`${stream}/2`], unread: [bursts[1]] });
});

test('a reading served with another value is lost, and invented when no burst had that value', () => {
  const account = accountFor(bursts, served, [first, { ...second, distanceMm: 777 }, third]);
  expect(account).toMatchObject({ lost: [second], invented: [{ distanceMm: 777 }] });
});

test('the same identity twice, and the same content under another identity, are twice', () => {
  expect(accountFor(bursts, served, [...served, third]).twice).toEqual([third]);
  const again = { ...third, stream: 'bbbbbbbbbbbbbbbb', seq: 1 };
  expect(accountFor(bursts, served, [...served, again])).toMatchObject({
    twice: [again],
    torn: [bursts[2]],
    streams: 2,
  });
});

test('a reading without a value, or from before its burst, is invented', () => {
  expect(accountFor(bursts, [], [{ ...first, distanceMm: null as unknown as number }]).invented).toHaveLength(1);
  expect(accountFor(bursts, [], [{ ...first, observedAtMs: 900_000 }]).invented).toHaveLength(1);
});
