import type { ChannelState } from '@siaga/protocol';
import { describe, expect, it } from 'vitest';
import type { PlatformFacts } from '../rule.ts';
import { found, minuteMs, noonMs, samples, wellDevice } from './testing.ts';

const look = (platform: Partial<PlatformFacts>, rule = 'platform') =>
  found({ nowMin: 0, platform, device: wellDevice, samples: samples(300, 300) }, rule).map(
    ({ key, signal, priority }) => `${key} ${signal} ${priority}`,
  );

describe('platform', () => {
  it.each<[string, Partial<PlatformFacts>, string[]]>([
    ['a well box', {}, []],
    ['a box of which nothing is known', { diskFreeBytes: null, diskFreePercent: null, watermarkMs: noonMs }, []],
    ['little room', { diskFreePercent: 9 }, ['platform/disk on medium']],
    ['little room in MB', { diskFreeBytes: 900_000_000 }, ['platform/disk on medium']],
    ['nearly none', { diskFreePercent: 2 }, ['platform/disk on high']],
    ['room just above the limit', { diskFreePercent: 10.5 }, ['platform/disk hold medium']],
    ['nothing kept', { watermarkMs: noonMs - 6 * minuteMs }, ['platform/ingest on high']],
    ['nothing kept since a start a moment ago', { watermarkMs: null, startedAtMs: noonMs - minuteMs }, []],
    ['judging behind', { judgingLagS: 31 }, ['platform/judging-lag on medium']],
    [
      'parts that complain, each once',
      { troubles: ['store: disk I/O error', 'clock: stands before', 'store: again'] },
      ['platform/store on high', 'platform/clock on medium'],
    ],
  ])('%s', (_, facts, expected) => {
    expect(look(facts)).toEqual(expected);
  });

  it('keeps nothing, rightly, while no device is connected', () => {
    const facts = { nowMin: 0, platform: { watermarkMs: 0 }, samples: samples(300, 300) };
    expect(found({ ...facts, device: { ...wellDevice, connected: false } }, 'platform')).toEqual([]);
  });
});

const email: ChannelState = {
  name: 'email',
  on: true,
  why: null,
  waiting: 0,
  dead: 0,
  lastSentAt: null,
  fault: null,
  failingSince: null,
  test: null,
};
const minutesAgo = (minutes: number) => new Date(noonMs - minutes * minuteMs).toISOString();
const test = (hoursAgo: number, seen = false) => ({
  id: 't1',
  sentAt: new Date(noonMs - hoursAgo * 3_600_000).toISOString(),
  seenAt: seen ? new Date(noonMs).toISOString() : null,
  seenBy: seen ? 'abcdefgh' : null,
});

describe('channel', () => {
  it.each<[string, Partial<ChannelState>, string[]]>([
    ['works', {}, []],
    ['is off', { on: false, dead: 4, fault: 'no host' }, []],
    ['has dead letters', { dead: 2, fault: 'refused' }, ['channel/email on medium']],
    ['has sent since', { dead: 2 }, ['channel/email hold medium']],
    ['has failed for a moment', { waiting: 1, fault: 'refused', failingSince: minutesAgo(14) }, []],
    [
      'fails for long',
      { waiting: 3, fault: 'refused', failingSince: minutesAgo(16) },
      ['channel/email/failing on medium'],
    ],
    ['was tested and seen', { test: test(20, true) }, []],
    ['was tested a moment ago', { test: test(1) }, []],
    ['was tested, and nobody saw it', { test: test(13) }, ['channel/email/test on medium']],
  ])('%s', (_, state, expected) => {
    expect(look({ channels: [{ ...email, ...state }] }, 'channel')).toEqual(expected);
  });
});

it('nobody on duty is an alarm of its own, with what to do about it; of the platform’s parts it is none', () => {
  const troubles = ['duty: nobody who can be reached is on duty as operator', 'store: full'];
  expect(look({ troubles }, 'duty')).toEqual(['duty/roster on medium']);
  expect(look({ troubles }, 'platform')).toEqual(['platform/store on high']);
  expect(look({ troubles: ['duty: an alarm is open and nobody can be told'] }, 'duty')).toEqual([
    'duty/roster on medium',
  ]);
  expect(look({}, 'duty')).toEqual([]);
});

it('the watcher that cannot be told is an alarm', () => {
  expect(look({ heartbeatFault: 'no answer' }, 'heartbeat')).toEqual(['heartbeat/watcher on medium']);
  expect(look({}, 'heartbeat')).toEqual([]);
});
