import { expect, test } from 'vitest';
import { afterEcho, answeredWith, type Pending, refusalText, sentTo, without } from './pending.ts';
import { alarmOf } from './testing.ts';

const none: Pending = new Map();
const open = (version: number) => new Map([['a1', alarmOf('a1', { version })]]);

test('a command is done when the stream brings the version that the server answered with, not before', () => {
  const sent = sentTo(none, ['a1']);
  expect(afterEcho(sent, open(2))).toBe(sent);
  const answered = answeredWith(sent, [{ id: 'a1', version: 3 }]);
  expect(afterEcho(answered, open(2))).toBe(answered);
  expect(afterEcho(answered, open(3)).size).toBe(0);
});

test('what has closed is done; what was never sent is not answered', () => {
  const answered = answeredWith(sentTo(none, ['a1']), [
    { id: 'a1', version: 3 },
    { id: 'other', version: 9 },
  ]);
  expect([...answered.keys()]).toEqual(['a1']);
  expect(afterEcho(answered, new Map()).size).toBe(0);
  expect(without(sentTo(none, ['a1', 'a2']), ['a1']).has('a2')).toBe(true);
});

test('a refusal is told in the server’s words, silence as doubt', () => {
  expect(refusalText({ code: 'refused', status: 409, detail: 'It has changed.' })).toBe('Not done. It has changed.');
  expect(refusalText({ code: 'unreachable', detail: 'x' })).toMatch(/may or may not/);
});
