import { expect, it } from 'vitest';
import { encoders } from '../testing/encoders.ts';
import { heardAt } from '../testing/uart.ts';
import { createLineWatch } from './line-watch.ts';

function watchHearing(bytes: (i: number) => Uint8Array) {
  const told: unknown[] = [];
  const watch = createLineWatch((problem) => told.push(problem));
  watch.link('open', null, 0);
  for (let i = 0; i < 60; i++) {
    watch.raw(bytes(i));
    watch.heard(bytes(i).length, 0, i * 100);
    watch.look(i * 100, 5_000);
  }
  return told;
}

it('a sensor at another speed is told from a disturbed line', () => {
  const frame = encoders['maxbotix-hrxl-wr'](1_500);
  expect(watchHearing(() => heardAt(frame, 9_600, 19_200))).toEqual(['wrong-baud']);
  let state = 7;
  const noise = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  };
  expect(watchHearing(() => Uint8Array.from({ length: 8 }, noise))).toEqual(['garbled']);
});
