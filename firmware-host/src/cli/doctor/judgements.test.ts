/** What the doctor makes of what it finds: each bound from both sides. */
import { describe, expect, it } from 'vitest';
import { buildDateMs } from '../../time/build-date.ts';
import { judgeBacklog } from './backlog.ts';
import { judgeCalibration } from './calibration.ts';
import { judgeDates } from './certificates.ts';
import { judgeClock } from './clock.ts';
import { judgeLatency, judgeRoom } from './data-folder.ts';
import { judgeHeat, judgeThrottled } from './heat.ts';
import { judgeMemory } from './memory.ts';
import { judgeService } from './service.ts';

const now = Date.UTC(2027, 0, 15);
const hour = 3_600_000;
const day = 24 * hour;
const active = {
  LoadState: 'loaded',
  ActiveState: 'active',
  SubState: 'running',
  UnitFileState: 'enabled',
  NRestarts: '0',
  Result: 'success',
};

describe('the doctor finds', () => {
  it.each([
    ['heat', judgeHeat(60).verdict, 'pass'],
    ['heat', judgeHeat(76).verdict, 'warn'],
    ['heat', judgeHeat(85).verdict, 'fail'],
    ['memory', judgeMemory(200e6, 500e6).verdict, 'pass'],
    ['memory', judgeMemory(40e6, 500e6).verdict, 'warn'],
    ['memory', judgeMemory(15e6, 500e6).verdict, 'fail'],
    ['latency', judgeLatency('/d', 20).verdict, 'pass'],
    ['latency', judgeLatency('/d', 300).verdict, 'warn'],
    ['latency', judgeLatency('/d', 1_200).verdict, 'fail'],
    ['room', judgeRoom(10e9, 30e9).verdict, 'pass'],
    ['room', judgeRoom(2e9, 30e9).verdict, 'warn'],
    ['room', judgeRoom(30e6, 200e6).verdict, 'warn'],
    ['room', judgeRoom(1e5, 30e9).verdict, 'fail'],
    ['backlog', judgeBacklog(0, 0, true).verdict, 'pass'],
    ['backlog', judgeBacklog(3, 60_000, true).verdict, 'pass'],
    ['backlog', judgeBacklog(60, hour, true).verdict, 'warn'],
    ['backlog', judgeBacklog(999, 7 * hour, true).verdict, 'fail'],
    ['backlog of an agent that only keeps', judgeBacklog(999, 90 * day, false).verdict, 'pass'],
    ['clock', judgeClock(now, true, false, null).verdict, 'pass'],
    ['clock', judgeClock(now, false, true, null).verdict, 'pass'],
    ['clock', judgeClock(now, false, false, 'synced').verdict, 'pass'],
    ['clock', judgeClock(now, false, false, 'unsynced').verdict, 'warn'],
    ['clock', judgeClock(buildDateMs - day, true, true, 'synced').verdict, 'fail'],
    ['calibration', judgeCalibration('main', undefined, now).verdict, 'warn'],
    ['calibration', judgeCalibration('main', { validFrom: '2026-01-01T00:00:00Z' }, now).verdict, 'pass'],
    [
      're-level',
      judgeCalibration('main', { validFrom: '2026-01-01T00:00:00Z', relevelDue: '2027-06-01' }, now).verdict,
      'pass',
    ],
    [
      're-level',
      judgeCalibration('main', { validFrom: '2026-01-01T00:00:00Z', relevelDue: '2027-02-01' }, now).verdict,
      'warn',
    ],
    [
      're-level',
      judgeCalibration('main', { validFrom: '2025-01-01T00:00:00Z', relevelDue: '2026-12-31' }, now).verdict,
      'warn',
    ],
    ['service', judgeService(active).at(0)?.verdict, 'pass'],
    ['service', judgeService({ ...active, NRestarts: '9' }).at(0)?.verdict, 'warn'],
    ['service', judgeService({ ...active, ActiveState: 'failed', SubState: 'failed' }).at(0)?.verdict, 'fail'],
    ['service', judgeService({ ...active, LoadState: 'not-found' }).at(0)?.verdict, 'warn'],
    ['service', judgeService(null).at(0)?.verdict, 'warn'],
    [
      'service that does not start at boot',
      judgeService({ ...active, UnitFileState: 'disabled' }).at(1)?.verdict,
      'warn',
    ],
  ])('%s: %s', (_, found, wanted) => {
    expect(found).toBe(wanted);
  });

  it('each throttled bit by its name', () => {
    const says = (bits: number) => judgeThrottled(bits).map(({ verdict, says: words }) => `${verdict} ${words}`);
    expect(says(0)).toEqual(['pass no under-voltage since boot']);
    expect(says(0x1)).toEqual(['fail under-voltage now']);
    expect(says(0x10000)).toEqual(['warn under-voltage since boot']);
    expect(says(0x50005)).toEqual(['fail under-voltage now', 'warn slowed down now, by heat or power']);
    expect(says(0x80000)).toEqual(['warn slowed down since boot, by heat or power']);
  });

  it('certificates by their days left', () => {
    const certificate = (fromMs: number, toMs: number) => ({
      validFrom: new Date(now + fromMs).toUTCString(),
      validTo: new Date(now + toMs).toUTCString(),
    });
    const verdict = (fromMs: number, toMs: number) =>
      judgeDates('c', certificate(fromMs, toMs), { nowMs: () => now }, 'm')[0];
    expect(verdict(-day, 90 * day)).toMatchObject({ verdict: 'pass', says: expect.stringContaining('90 days') });
    expect(verdict(-day, 10 * day)).toMatchObject({ verdict: 'warn', says: expect.stringContaining('10 days') });
    expect(verdict(-9 * day, -day)).toMatchObject({ verdict: 'fail', says: expect.stringContaining('expired') });
    expect(verdict(day, 9 * day)).toMatchObject({ verdict: 'fail', mend: expect.stringContaining('clock') });
  });

  it('says of everything but a pass how to mend it', () => {
    const all = [
      judgeHeat(90),
      judgeMemory(1, 100),
      judgeLatency('/d', 9_999),
      judgeRoom(0, 1),
      judgeBacklog(1, 9 * day, true),
      judgeClock(0, true, true, null),
      ...judgeService(null),
      ...judgeThrottled(0xfffff),
    ];
    for (const finding of all) expect(finding.mend).toBeTruthy();
  });
});
