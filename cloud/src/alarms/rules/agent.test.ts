import type { OnlineHealth } from '@siaga/protocol';
import { expect, it } from 'vitest';
import type { Device } from '../../ports.ts';
import { found, noonMs, samples, wellDevice } from './testing.ts';

const ofHealth = (differs: Partial<OnlineHealth>): Device => ({
  ...wellDevice,
  health: { ...(wellDevice.health as OnlineHealth), ...differs },
});
const says = (device: Device, nowMin = 0) =>
  found({ nowMin, device, samples: samples(300, 300) }, 'agent').map(({ key, signal }) => `${key} ${signal}`);

it('a well agent says nothing', () => {
  expect(says(wellDevice)).toEqual([]);
});

it.each<[string, Partial<OnlineHealth>, string]>([
  ['a low battery', { batteryMv: 11_400 }, 'battery on'],
  ['a battery just above the limit', { batteryMv: 11_600 }, 'battery hold'],
  ['a full disk', { diskFreeBytes: 50_000_000 }, 'disk on'],
  ['a clock that is not set', { clock: 'unsynced' }, 'clock on'],
  [
    'an old backlog',
    { backlog: { count: 90, oldestAt: new Date(noonMs - 2 * 3_600_000).toISOString() } },
    'backlog on',
  ],
  [
    'a closed line',
    {
      gauges: [{ gauge: 'main', link: 'closed', lastFrameAt: null, frames: 0, discardedBytes: 0, badFrames: 0 }],
    },
    'link-main on',
  ],
  [
    'a line that is open and silent',
    {
      gauges: [
        {
          gauge: 'main',
          link: 'open',
          lastFrameAt: null,
          frames: 0,
          discardedBytes: 0,
          badFrames: 0,
          problem: 'silent',
        },
      ],
    },
    'link-main on',
  ],
  [
    'too little voltage',
    { machine: { cpuDeciC: 500, throttled: 0x50001, diskTotalBytes: null, rssBytes: 1, signal: null } },
    'voltage on',
  ],
  [
    'a certificate that nobody renewed',
    { certificateExpiresAt: new Date(noonMs + 13 * 86_400_000).toISOString() },
    'certificate on',
  ],
])('tells of %s', (_, health, expected) => {
  expect(says(ofHealth(health))).toEqual([`agent/katulampa/${expected}`]);
});

it('tells that it is offline, silently once the station is silent', () => {
  const device: Device = { ...wellDevice, connected: false, health: { v: 1, state: 'offline', connection: 1 } };
  const look = (nowMin: number) => found({ nowMin, device, samples: samples(300, 300) }, 'agent');
  expect(look(1)).toMatchObject([{ key: 'agent/katulampa/offline', signal: 'on' }]);
  expect(look(1)[0]?.suppressed).toBeUndefined();
  expect(look(20)[0]?.suppressed).toContain('silent');
});

it('a device of which nothing is known yet raises nothing', () => {
  expect(says({ ...wellDevice, connected: false, health: null, healthAtMs: null })).toEqual([]);
});

it('says nothing of a certificate with weeks to go, nor of a voltage that was low once', () => {
  const certificateExpiresAt = new Date(noonMs + 15 * 86_400_000).toISOString();
  const machine = { cpuDeciC: 500, throttled: 0x50000, diskTotalBytes: null, rssBytes: 1, signal: null };
  expect(says(ofHealth({ certificateExpiresAt, machine }))).toEqual([]);
});
