import type { ChannelState } from '@siaga/protocol';
import { expect, test } from 'vitest';
import { mute } from './telling.ts';

const nowMs = Date.parse('2014-01-29T19:10:00Z');
const ago = (minutes: number) => new Date(nowMs - minutes * 60_000).toISOString();
const channel = (over: Partial<ChannelState>): ChannelState => ({
  name: 'email',
  on: true,
  why: null,
  waiting: 1,
  dead: 0,
  lastSentAt: null,
  fault: 'no answer',
  failingSince: ago(16),
  test: null,
  ...over,
});

test.each<[string, ChannelState[], boolean]>([
  ['without channels', [], false],
  ['with all of them off', [channel({ on: false })], false],
  ['with one that fails', [channel({})], true],
  ['with one that fails for a moment', [channel({ failingSince: ago(14) })], false],
  ['with one that takes other messages', [channel({ lastSentAt: ago(3) })], false],
  ['with another that works', [channel({}), channel({ name: 'sms-http', failingSince: null, fault: null })], false],
  ['with another that fails', [channel({}), channel({ name: 'sms-http', lastSentAt: ago(60) })], true],
])('the watcher is told that nobody can be told: %s', (_, channels, expected) => {
  expect(mute(channels, nowMs).length > 0).toBe(expected);
});
