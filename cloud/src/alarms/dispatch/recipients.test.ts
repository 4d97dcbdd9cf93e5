import { describe, expect, test } from 'vitest';
import type { Channel, Person } from './person.ts';
import { isQuiet, recipientsOf, type Staff, type ToldGroup } from './recipients.ts';
import { aPerson, memoryNotifier, timeZone } from './testing.ts';

const channels: Channel[] = (
  [
    ['email', 'email'],
    ['sms', 'phone'],
    ['web-push', 'push'],
  ] as const
).map(([name, contact]) => ({ name, contact, notifier: memoryNotifier(name), why: null }));

const group: ToldGroup = {
  list: 'flood',
  basin: 'ciliwung',
  priority: 'medium',
  annunciation: 1,
  escalation: 0,
  drill: null,
};
const steps = (...duties: string[]) => duties.map((duty, i) => ({ afterMin: i * 10, duties: [duty] }));
const subscription = { basins: [], minPriority: 'low' as const, lists: ['flood' as const], channels: [] };

function told(over: Partial<ToldGroup>, staff: Partial<Staff>): { to: string[]; unmanned: readonly string[] } {
  const { targets, unmanned } = recipientsOf(
    { ...group, ...over },
    { people: [], channels, escalation: steps('operator', 'supervisor', 'chief'), onDuty: [], drills: [], ...staff },
  );
  return { to: targets.map(({ person, channel, duty }) => `${person} ${channel}${duty ? ' on duty' : ''}`), unmanned };
}

const on = (duty: string, person: string) => ({ duty, person });
const chain = {
  people: [aPerson('op'), aPerson('su'), aPerson('ch')],
  onDuty: [on('operator', 'op'), on('supervisor', 'su'), on('chief', 'ch')],
};

describe('duty', () => {
  test.each<[string, Partial<ToldGroup>, Partial<Staff>, string[], string[]]>([
    ['the first step', {}, chain, ['op email on duty'], []],
    ['as far as it escalated', { escalation: 1 }, chain, ['op email on duty', 'su email on duty'], []],
    ['beyond the chain’s end', { escalation: 9 }, chain, ['op', 'su', 'ch'].map((id) => `${id} email on duty`), []],
    ['nothing while it is silent', { annunciation: 0 }, chain, [], []],
    [
      'an empty step calls the next',
      {},
      { ...chain, onDuty: [on('chief', 'ch')] },
      ['ch email on duty'],
      ['operator', 'supervisor'],
    ],
    [
      'who has no address is nobody',
      {},
      { ...chain, people: [aPerson('op', { contacts: {} }), aPerson('su')] },
      ['su email on duty'],
      ['operator'],
    ],
    [
      'a disabled or invited account is nobody, a locked one is somebody',
      {},
      {
        people: [
          aPerson('op', { state: 'disabled' }),
          aPerson('in', { state: 'invited' }),
          aPerson('su', { state: 'locked' }),
        ],
        onDuty: [on('operator', 'op'), on('operator', 'in'), on('supervisor', 'su')],
      },
      ['su email on duty'],
      ['operator'],
    ],
    [
      'nobody in the whole chain: the admins',
      {},
      { people: [aPerson('ad', { role: 'admin' }), aPerson('op')] },
      ['ad email on duty'],
      ['operator', 'supervisor', 'chief'],
    ],
    [
      'by every address, each device of web push',
      {},
      {
        people: [aPerson('op', { contacts: { email: 'op@example.org', phone: '+6281' }, push: ['a', 'b'] })],
        onDuty: [on('operator', 'op'), on('supervisor', 'op')],
      },
      ['op email on duty', 'op sms on duty', 'op web-push on duty', 'op web-push on duty'],
      [],
    ],
  ])('%s', (_, over, staff, to, unmanned) => {
    expect(told(over, staff)).toEqual({ to, unmanned });
  });
});

describe('subscribers', () => {
  const withWish = (wish: Partial<typeof subscription>, over: Partial<Person> = {}) => ({
    ...chain,
    people: [
      ...chain.people,
      aPerson('sub', {
        contacts: { email: 'sub@example.org', phone: '+6281' },
        subscriptions: [{ ...subscription, ...wish }],
        ...over,
      }),
    ],
  });
  const of = (over: Partial<ToldGroup>, staff: Partial<Staff>) =>
    told(over, staff).to.filter((to) => to.startsWith('sub'));

  test.each<[string, Partial<ToldGroup>, Parameters<typeof withWish>, string[]]>([
    ['everything', {}, [{}], ['sub email', 'sub sms']],
    ['by one channel', {}, [{ channels: ['sms'] as never }], ['sub sms']],
    ['their basin', {}, [{ basins: ['ciliwung'] as never }], ['sub email', 'sub sms']],
    ['another basin', {}, [{ basins: ['pesanggrahan'] as never }], []],
    ['no basin, though one is wished', { basin: null }, [{ basins: ['ciliwung'] as never }], []],
    ['by a channel that is off: by the others', {}, [{ channels: ['telegram'] as never }], ['sub email', 'sub sms']],
    ['below their priority', {}, [{ minPriority: 'high' as never }], []],
    ['their priority', { priority: 'high' }, [{ minPriority: 'high' as never }], ['sub email', 'sub sms']],
    ['another list', { list: 'health' }, [{}], []],
    ['a disabled account', {}, [{}, { state: 'disabled' }], []],
    ['a wall', {}, [{}, { role: 'device' }], []],
  ])('%s', (_, over, wish, to) => {
    expect(of(over, withWish(...wish))).toEqual(to);
  });

  test('who is on duty and subscribed is told once, as on duty', () => {
    const staff = { ...chain, people: [aPerson('op', { subscriptions: [subscription] })] };
    expect(told({}, staff).to).toEqual(['op email on duty']);
  });
});

test('a drill is told to its participants alone, on duty or not', () => {
  const people = [
    aPerson('op', { subscriptions: [subscription] }),
    aPerson('su'),
    aPerson('ch', { state: 'disabled' }),
  ];
  const staff = { ...chain, people, drills: [{ id: 'd1', participants: ['su', 'ch', 'gone'] }] };
  expect(told({ drill: 'd1' }, staff)).toEqual({ to: ['su email on duty'], unmanned: [] });
  expect(told({ drill: 'd2' }, staff).to).toEqual([]);
});

describe('quiet hours', () => {
  const at = (local: string) => Date.parse(`2014-01-30T${local}:00+07:00`);
  const night = { fromMinute: 22 * 60, toMinute: 6 * 60 };
  const noon = { fromMinute: 12 * 60, toMinute: 13 * 60 };
  test.each<[string, typeof night, string, boolean, 'medium' | 'high', boolean]>([
    ['in the night that passes midnight, before it', night, '22:00', false, 'medium', true],
    ['after it', night, '05:59', false, 'medium', true],
    ['at its end', night, '06:00', false, 'medium', false],
    ['by day', night, '12:30', false, 'medium', false],
    ['within one day', noon, '12:59', false, 'medium', true],
    ['within one day, after', noon, '13:00', false, 'medium', false],
    ['never on duty', night, '23:00', true, 'medium', false],
    ['never for the top priority', night, '23:00', false, 'high', false],
  ])('%s', (_, hours, local, duty, priority, quiet) => {
    expect(isQuiet({ duty, priority }, hours, timeZone, at(local))).toBe(quiet);
  });
});
