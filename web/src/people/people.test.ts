import type { SessionInfo } from '@siaga/protocol';
import { describe, expect, test } from 'vitest';
import { contactFaults, identityFaults, newPasswordFaults, welcomeFaults } from './account-faults.ts';
import { agentText } from './agent-text.ts';
import { auditFacts } from './audit-text.ts';
import { wantsProof } from './confirmation.svelte.ts';
import { minuteFromText, minuteToText } from './day-minutes.ts';
import { passwordRules } from './password-rules.ts';
import { qrPath } from './qr-path.ts';
import { newerSession, sessionEnd } from './session-end.ts';
import { peopleWords } from './words.ts';

describe('a new password', () => {
  test.each([
    ['', [false, false]],
    ['abcdefghijk', [false, true]],
    ['hujan deras malam hari', [true, true]],
    ['aaaaaaaaaaaaaaa', [true, false]],
    ['dewianggraini1', [true, false]],
    ['dewi hujan deras malam', [true, true]],
    ['雨雨雨雪雪雪風風風雷雷雷雲', [true, true]],
  ])('%j keeps its rules: %j', (password, kept) => {
    expect(passwordRules(password, ['dewi', 'Dewi Anggraini']).map((rule) => rule.kept)).toEqual(kept);
  });

  test('must be typed the same twice', () => {
    expect(newPasswordFaults('hujan deras malam hari', 'hujan deras malam', [])).toEqual({
      again: peopleWords.password.differs,
    });
    expect(newPasswordFaults('kort', 'kort', []).password).toContain('at least 12');
  });
});

describe('what keeps a form from being sent', () => {
  test('a sign-in name has the form that the server takes', () => {
    for (const login of ['a', 'Dewi', '.dewi', 'de wi', `d${'x'.repeat(40)}`])
      expect(identityFaults({ login, name: 'D' }).login).toBeDefined();
    for (const login of ['ab', 'd.anggraini-2_x']) expect(identityFaults({ login, name: 'D' })).toEqual({});
    expect(identityFaults({ login: 'dewi', name: '  ' }).name).toBeDefined();
  });

  test('contacts are optional, but not wrong', () => {
    expect(contactFaults({ email: '', phone: ' ', telegram: '', webhook: '' })).toEqual({});
    expect(Object.keys(contactFaults({ email: 'x', phone: '0812', telegram: '@me', webhook: 'ftp://x' }))).toEqual([
      'email',
      'phone',
      'telegram',
      'webhook',
    ]);
  });

  test('a link for a new password asks for nothing else', () => {
    const form = { login: '', name: '', email: 'x', password: 'hujan deras malam', again: 'hujan deras malam' };
    expect(welcomeFaults({ kind: 'reset', ...form })).toEqual({});
    expect(Object.keys(welcomeFaults({ kind: 'setup', ...form }))).toEqual(['login', 'name', 'email']);
  });
});

describe('the end of a session', () => {
  const minute = 60_000;
  const session = (idleMs: number, absoluteMs: number, id = 'a1b2c3d4'): SessionInfo => ({
    account: { id, name: 'Dewi', role: 'admin' },
    login: 'dewi',
    permissions: [],
    idleUntil: new Date(idleMs).toISOString(),
    absoluteUntil: new Date(absoluteMs).toISOString(),
    fresh: false,
    drill: null,
  });

  test.each([
    [60, 60, 0, undefined],
    [4, 60, 0, { kind: 'idle', atMs: 4 * minute }],
    [60, 5, 0, { kind: 'absolute', atMs: 5 * minute }],
    [4, 4, 0, { kind: 'absolute', atMs: 4 * minute }],
    [4, 60, 4, { kind: 'ended', atMs: 4 * minute }],
  ])('idle until %i min, at the latest %i min, now %i min: %j', (idle, absolute, now, end) => {
    expect(sessionEnd(session(idle * minute, absolute * minute), now * minute, 1)).toEqual(end);
  });

  test('is told earlier by a clock that runs faster', () => {
    expect(sessionEnd(session(100 * minute, 900 * minute), 0, 60)?.kind).toBe('idle');
  });

  test('is that of the newest answer, and of nobody else’s', () => {
    const known = session(10, 100);
    expect(newerSession(known, undefined)).toBe(known);
    expect(newerSession(known, session(5, 100))).toBe(known);
    expect(newerSession(known, session(20, 100))).toEqual(session(20, 100));
    expect(newerSession(known, session(5, 200))).toEqual(session(5, 200));
    expect(newerSession(known, session(20, 200, 'ffffffff'))).toBe(known);
  });

  test('a fresh proof is wanted by its own refusal only', () => {
    expect(wantsProof({ code: 'refused', detail: '', status: 403, field: 'fresh' })).toBe(true);
    expect(wantsProof({ code: 'refused', detail: '', status: 403 })).toBe(false);
  });
});

describe('the audit in words', () => {
  test('tells the reason and what differs', () => {
    const details = { reason: 'left', before: { role: 'admin', name: 'A' }, after: { role: 'viewer', name: 'A' } };
    expect(auditFacts(details)).toEqual({
      reason: 'left',
      facts: [{ name: 'role', was: 'admin', is: 'viewer' }],
    });
  });

  test('of lists tells what is in one of them only', () => {
    const before = { shifts: [{ id: 1 }, { id: 2 }] };
    expect(
      auditFacts({ reason: null, before, after: { shifts: [{ id: 2 }, { id: 3, weekly: true }] } })?.facts,
    ).toEqual([{ name: 'shifts', was: 'id 1', is: 'id 3, weekly true' }]);
  });

  test('has a word for what has no name, and none for what was erased', () => {
    expect(auditFacts({ reason: null, before: null, after: 3 })?.facts).toEqual([{ name: 'value', is: '3' }]);
    expect(auditFacts(null)).toBeUndefined();
  });
});

test('minutes of the day go into an input and come back', () => {
  expect(minuteToText(90)).toBe('01:30');
  expect([0, 61, 1439].map((minute) => minuteFromText(minuteToText(minute)))).toEqual([0, 61, 1439]);
  expect(['', '24:00', '7:00'].map(minuteFromText)).toEqual([undefined, undefined, undefined]);
});

test('a QR code is drawn by runs of its rows', () => {
  expect(
    qrPath([
      [true, true, false],
      [false, true, true],
    ]),
  ).toBe('M0 0h2v1H0zM1 1h2v1H1z');
});

test.each([
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Chrome, Linux',
  ],
  ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0', 'Edge, Windows'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1',
    'Safari, iOS',
  ],
  ['curl/8.9.1', 'curl/8.9.1'],
])('%s is %s', (agent, text) => expect(agentText(agent)).toBe(text));
