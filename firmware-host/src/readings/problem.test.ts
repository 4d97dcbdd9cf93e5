import { expect, it } from 'vitest';
import { type LineSigns, problemOf } from './problem.ts';

const well: LineSigns = {
  link: 'open',
  told: null,
  openedRealMs: 0,
  byteRealMs: 99_900,
  frameRealMs: 99_900,
  dead: false,
};
const at = (signs: Partial<LineSigns>, nowRealMs = 100_000) => problemOf({ ...well, ...signs }, nowRealMs, 5_000);

it('nothing, while frames come', () => {
  expect(at({})).toBeNull();
});
it('silent without a byte, garbled without a frame, each after its time', () => {
  expect([at({ byteRealMs: 95_001, frameRealMs: 95_001 }), at({ byteRealMs: 95_000, frameRealMs: 95_000 })]).toEqual([
    null,
    'silent',
  ]);
  expect([at({ frameRealMs: 95_001 }), at({ frameRealMs: 95_000 })]).toEqual([null, 'garbled']);
});
it('a line that was just opened is given its time', () => {
  expect(at({ openedRealMs: 98_000, byteRealMs: null, frameRealMs: null })).toBeNull();
  expect(at({ openedRealMs: 95_000, byteRealMs: null, frameRealMs: null })).toBe('silent');
});
it('a sensor that says it is dead', () => {
  expect(at({ dead: true })).toBe('sensor-dead');
});
it('what the link knows comes first; a closed line says no more than that', () => {
  expect(at({ told: 'wrong-baud', frameRealMs: null })).toBe('wrong-baud');
  expect(at({ link: 'closed', told: 'node-missing' })).toBe('node-missing');
  expect(at({ link: 'closed', byteRealMs: 0 })).toBeNull();
});
