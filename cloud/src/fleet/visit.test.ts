import { lineProblems, type OnlineHealth, type StationLevel, startReasons } from '@siaga/protocol';
import { expect, it } from 'vitest';
import { noonMs, wellDevice } from '../alarms/rules/testing.ts';
import type { Device } from '../ports.ts';
import { noTrail } from './devices.ts';
import type { CertificateState } from './pki/states.ts';
import { defaultLimits, type VisitFacts, visitReasons } from './visit.ts';
import { lineWords, mends, visitCodes } from './visit-words.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const well: VisitFacts = {
  nowMs: noonMs,
  connected: true,
  device: wellDevice,
  trail: noTrail,
  level: null,
  certificate: null,
  limits: defaultLimits,
  relevelDue: [],
  proposed: [],
  newestVersion: null,
};
const iso = (ms: number) => new Date(ms).toISOString();
const withHealth = (differs: Partial<OnlineHealth>): Partial<VisitFacts> => ({
  device: { ...wellDevice, health: { ...(wellDevice.health as OnlineHealth), ...differs } },
});
const machine = { cpuDeciC: null, throttled: null, diskTotalBytes: null, rssBytes: 1, signal: null };
const gauge = { gauge: 'main', link: 'open', lastFrameAt: null, frames: 0, discardedBytes: 0, badFrames: 0 } as const;
const level: StationLevel = {
  severity: 0,
  bandLabel: null,
  since: null,
  presence: 'live',
  quality: 'good',
  note: null,
  maintenance: false,
};
const withCertificate = (differs: Partial<CertificateState>): Partial<VisitFacts> => ({
  certificate: {
    station: 'katulampa',
    state: 'valid',
    serial: 'a1',
    issuedAtMs: noonMs - 700 * dayMs,
    expiresAtMs: noonMs + 300 * dayMs,
    by: 'operator',
    allowedUntilMs: null,
    ...differs,
  },
});
const none = { state: 'none', serial: null, issuedAtMs: null, expiresAtMs: null, by: null } as const;
const says = (differs: Partial<VisitFacts>) =>
  visitReasons({ ...well, ...differs }).map(({ code, urgency, says }) => `${urgency} ${code}: ${says}`);

it('a well device needs nobody', () => {
  expect(says({})).toEqual([]);
});

it.each<[string, Partial<VisitFacts>]>([
  ['now offline: offline, last heard 2 h ago', { connected: false, nowMs: noonMs + 2 * hourMs }],
  ['desk never-heard: has never been heard', { connected: false, device: null }],
  ['now battery: battery low: 11.2 V', withHealth({ batteryMv: 11_200 })],
  ['soon disk: disk nearly full: 40 MB free', withHealth({ diskFreeBytes: 40_000_000 })],
  ['now under-voltage: too little voltage at the machine', withHealth({ machine: { ...machine, throttled: 0x50005 } })],
  [
    'soon under-voltage: too little voltage at times since it booted',
    withHealth({ machine: { ...machine, throttled: 0x10000 } }),
  ],
  ['soon hot: hot: 84 °C, and slowed down', withHealth({ machine: { ...machine, cpuDeciC: 841, throttled: 0x2 } })],
  ['soon not-kept: 7 readings could not be kept', withHealth({ notKept: 7 })],
  ['soon clock: its clock is not set', withHealth({ clock: 'unsynced' })],
  [
    'soon certificate: its certificate expires in 29 days',
    withHealth({ certificateExpiresAt: iso(noonMs + 29 * dayMs) }),
  ],
  ['now certificate: its certificate expires in 6 days', withHealth({ certificateExpiresAt: iso(noonMs + 6 * dayMs) })],
  [
    'soon certificate: its certificate expires in 20 days',
    withCertificate({ state: 'renew', expiresAtMs: noonMs + 20 * dayMs }),
  ],
  ['now certificate-revoked: its certificate is revoked', withCertificate({ state: 'revoked' })],
  [
    'desk certificate-waited: may ask for a certificate for 5 days more, and has not yet',
    withCertificate({ allowedUntilMs: noonMs + 5 * dayMs }),
  ],
  ['now certificate: its certificate has expired', withHealth({ certificateExpiresAt: iso(noonMs - 1) })],
  [
    'soon backlog: 90 readings wait to be sent, the oldest for 3 h',
    withHealth({ backlog: { count: 90, oldestAt: iso(noonMs - 3 * hourMs) } }),
  ],
  ['soon frames: 10 % of the frames are spoilt', withHealth({ gauges: [{ ...gauge, frames: 900, badFrames: 100 }] })],
  ['now line: the line to the sensor is closed', withHealth({ gauges: [{ ...gauge, link: 'closed' }] })],
  ['soon crash: the agent crashed', withHealth({ start: { number: 5, reason: 'crash' } })],
  [
    'soon restarts: 3 restarts within a day; last: the power failed',
    {
      ...withHealth({ start: { number: 5, reason: 'power' } }),
      trail: { ...noTrail, starts: [2, 3, 4, 5].map((number) => ({ atMs: noonMs, number })) },
    },
  ],
  ['now sensor: the sensor hears no echo', { level: { ...level, note: 'no-echo' } }],
  ['now sensor: something may stand before the sensor', { level: { ...level, note: 'possibly-blocked' } }],
  [
    'now maintenance-forgotten: under maintenance for 5 h',
    {
      ...withHealth({ maintenanceUntil: iso(noonMs + hourMs) }),
      trail: { ...noTrail, maintenance: { declared: true, sinceMs: noonMs - 5 * hourMs } },
    },
  ],
  [
    'now maintenance-forgotten: its readings still say maintenance',
    {
      level: { ...level, maintenance: true },
      trail: { ...noTrail, maintenance: { declared: false, sinceMs: noonMs - 3 * hourMs } },
    },
  ],
  ['soon relevel: levelling of main is due in 10 days', { relevelDue: [{ gauge: 'main', day: '2026-01-20T12:00Z' }] }],
  ['desk calibration: a new calibration of main waits', { proposed: ['main'] }],
  [
    'desk firmware: runs 0.9.0, others 0.10.0',
    {
      newestVersion: '0.10.0',
      device: {
        ...wellDevice,
        about: { v: 1, firmware: { name: 'siaga-agent', version: '0.9.0' }, gauges: [], calibrations: [] },
      },
    },
  ],
])('%s', (expected, differs) => {
  expect(says(differs)).toEqual([expected]);
});

it('forgives what is on its way to be well', () => {
  const shrinking = withHealth({ backlog: { count: 90, oldestAt: iso(noonMs - 3 * hourMs) } });
  const backlogs = [900, 90].map((count) => ({ atMs: noonMs, count }));
  expect(says({ ...shrinking, trail: { ...noTrail, backlogs } })).toEqual([]);
  expect(says({ connected: false, nowMs: noonMs + 0.5 * hourMs })).toEqual([]);
  expect(says(withHealth({ gauges: [{ ...gauge, frames: 9, badFrames: 3 }] }))).toEqual([]);
  expect(says(withHealth({ start: { number: 2, reason: 'crash' }, uptimeS: 90_000 }))).toEqual([]);
  expect(says(withHealth({ maintenanceUntil: iso(noonMs + hourMs) }))).toEqual([]);
  const justEnded = { ...noTrail, maintenance: { declared: false, sinceMs: noonMs - 0.5 * hourMs } };
  expect(says({ level: { ...level, maintenance: true }, trail: justEnded })).toEqual([]);
  expect(says({ relevelDue: [{ gauge: 'main', day: '2026-02-20' }] })).toEqual([]);
});

it('tells of a certificate by the newest word of it', () => {
  const held = withHealth({ certificateExpiresAt: iso(noonMs + 6 * dayMs) });
  const issued = (differs: Partial<CertificateState>) => says({ ...held, ...withCertificate(differs) });
  expect(issued({})).toEqual(['now certificate: its certificate expires in 6 days']);
  // What it said was before it got this one.
  expect(issued({ issuedAtMs: noonMs + 1 })).toEqual([]);
  // It has one, from wherever.
  expect(says(withCertificate(none))).toEqual([]);
});

it('a device that was never heard may want for a certificate, or for somebody to fetch it', () => {
  const never = { connected: false, device: null };
  expect(says({ ...never, ...withCertificate({}) })).toEqual(['desk never-heard: has never been heard']);
  expect(says({ ...never, ...withCertificate(none) })).toEqual([
    'desk never-heard: has never been heard',
    'desk certificate-none: no certificate was issued to it',
  ]);
  expect(says({ ...never, ...withCertificate({ ...none, allowedUntilMs: noonMs + 2 * hourMs }) })).toEqual([
    'desk never-heard: has never been heard',
    'desk certificate-waited: may ask for a certificate for 2 h more, and has not yet',
  ]);
});

it('a revoked certificate says why a device is offline; one that may ask for another is looked after', () => {
  const offline = { connected: false, nowMs: noonMs + 2 * hourMs };
  const revoked = (differs: Partial<CertificateState> = {}) =>
    says({ ...offline, ...withCertificate({ state: 'revoked', expiresAtMs: noonMs - 1, ...differs }) });
  expect(revoked()).toEqual([
    'now certificate-revoked: its certificate is revoked',
    'now offline: offline, last heard 2 h ago',
  ]);
  expect(revoked({ allowedUntilMs: noonMs + dayMs })).toEqual([
    'now offline: offline, last heard 2 h ago',
    'soon certificate-revoked: its certificate is revoked',
    'desk certificate-waited: may ask for a certificate for 22 h more, and has not yet',
  ]);
});

it('what cannot wait comes first, and a line that is silent speaks for its sensor', () => {
  const found = says({
    ...withHealth({ notKept: 1, clock: 'unsynced', gauges: [{ ...gauge, problem: 'silent' }] }),
    proposed: ['main'],
    level: { ...level, note: 'no-echo' },
  });
  expect(found.map((text) => text.split(':')[0])).toEqual([
    'now line',
    'soon not-kept',
    'soon clock',
    'desk calibration',
  ]);
});

it('says of a device that is offline what it said last, but for what passes by itself', () => {
  const before = withHealth({
    batteryMv: 10_900,
    clock: 'unsynced',
    backlog: { count: 9, oldestAt: iso(noonMs - dayMs) },
  }) as { device: Device };
  expect(says({ ...before, connected: false, nowMs: noonMs + 3 * hourMs }).map((text) => text.split(':')[0])).toEqual([
    'now offline',
    'now battery',
  ]);
});

it('every reason, every line problem and every end of a run has its words', () => {
  expect(Object.keys(mends).sort()).toEqual(visitCodes.filter((code) => code !== 'line' && code !== 'sensor').sort());
  for (const problem of lineProblems) {
    const [visit] = visitReasons({ ...well, ...withHealth({ gauges: [{ ...gauge, problem }] }) });
    expect(visit).toMatchObject({ code: 'line', urgency: 'now', mend: lineWords[problem].mend });
    expect(visit?.mend.length).toBeGreaterThan(20);
  }
  for (const reason of startReasons)
    expect(visitReasons({ ...well, ...withHealth({ start: { number: 1, reason } }) }).length).toBe(
      ['crash', 'watchdog', 'power', 'roll-back'].includes(reason) ? 1 : 0,
    );
});

it('says of a gauge once what its device says twice', () => {
  const twice = { ...gauge, problem: 'silent' as const };
  const found = visitReasons({ ...well, ...withHealth({ gauges: [twice, twice, { ...twice, problem: 'garbled' }] }) });
  expect(found.map(({ code, gauge }) => `${code} ${gauge}`)).toEqual(['line main']);
});
