import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openMemory } from '../../store/memory/index.ts';
import { type DeliveryRecord, idempotencyKey, stateOf } from './delivery.ts';
import { aGroup, anAlarm, aPerson, createRig, type Mood, type Rig, startMs, until } from './testing.ts';

/** What can happen to a dispatcher. */
type Event =
  | { readonly kind: 'call'; readonly group: number }
  | { readonly kind: 'escalate'; readonly group: number }
  | { readonly kind: 'acknowledge'; readonly group: number }
  | { readonly kind: 'close'; readonly group: number }
  | { readonly kind: 'mood'; readonly channel: 'email' | 'sms'; readonly mood: Mood }
  | { readonly kind: 'crash' }
  | { readonly kind: 'minutes'; readonly minutes: number }
  | { readonly kind: 'turn'; readonly ms: number };

const group = fc.integer({ min: 0, max: 2 });
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('call' as const), group }) },
  fc.record({ kind: fc.constant('escalate' as const), group }),
  fc.record({ kind: fc.constant('acknowledge' as const), group }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('close' as const), group }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('mood' as const),
      channel: fc.constantFrom('email' as const, 'sms' as const),
      mood: fc.constantFrom<Mood>('up', 'down', 'lost'),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
  fc.record({ kind: fc.constant('minutes' as const), minutes: fc.integer({ min: 1, max: 30 }) }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('turn' as const), ms: fc.integer({ min: 0, max: 8 }) }) },
);

const newest = new Map<string, { annunciation: number; closed: boolean }>();

/** Groups get a new id once they were closed, as the desk does it. */
function apply(rig: Rig, happened: Event, ids: string[]): void {
  if (happened.kind === 'mood') rig[happened.channel].mood = happened.mood;
  if (happened.kind === 'minutes') rig.clock.moveTo(rig.clock.now() + happened.minutes * 60_000);
  if (!('group' in happened)) return;
  const id = ids[happened.group] as string;
  const open = rig.desk.groups.find((one) => one.id === id);
  const others = rig.desk.groups.filter((one) => one.id !== id);
  if (happened.kind === 'call') {
    const annunciation = (open?.annunciation ?? 0) + 1;
    rig.desk.groups = [...others, aGroup({ id, firstOut: `${id}-a`, annunciation })];
    if (open === undefined) rig.desk.alarms = [...rig.desk.alarms, anAlarm({ id: `${id}-a`, group: id })];
    newest.set(id, { annunciation, closed: false });
  }
  if (open === undefined) return;
  if (happened.kind === 'escalate') rig.desk.groups = [...others, { ...open, escalation: 1 }];
  if (happened.kind === 'acknowledge')
    rig.desk.groups = [...others, { ...open, acknowledged: { by: 'sari0001', atMs: rig.clock.now() } }];
  if (happened.kind === 'close') {
    rig.desk.closeGroup(id, rig.clock.now());
    newest.set(id, { annunciation: open.annunciation, closed: true });
    ids[happened.group] = `${id}x`;
  }
}

test('whatever is called, fails and crashes: in the end each knows the present, each key is taken once, none is old', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 25 }), async (events) => {
      newest.clear();
      const stores = openMemory();
      const ids = ['g0', 'g1', 'g2'];
      const staff = {
        people: [
          aPerson('sari0001', { contacts: { email: 'sari@example.org', phone: '+62811000111' } }),
          aPerson('budi0001'),
        ],
        onDuty: [
          { duty: 'operator', person: 'sari0001' },
          { duty: 'supervisor', person: 'budi0001' },
        ],
      };
      let life = { alive: true };
      /** A process that can be killed: from then on it writes and sends nothing, what is under way goes on without it. */
      const born = (from?: Rig) => {
        const own = { alive: true };
        life = own;
        const killed = () => new Error('killed');
        const state = {
          ...stores.state,
          commit: (work: Parameters<typeof stores.state.commit>[0]) =>
            own.alive ? stores.state.commit(work) : Promise.reject(killed()),
        };
        const link = () => {
          if (!own.alive) throw killed();
          return null;
        };
        return createRig(state, { backOffMs: () => 1, tickMs: 2, link, ...(from === undefined ? {} : { from }) });
      };
      let rig = born();
      Object.assign(rig.staff, staff);
      /** What the other side took although nobody heard of it: may come again, by the same key. */
      const unheard = new Set<string>();
      const stale: string[] = [];
      watchFor(rig, stale, unheard);
      const dead: Rig[] = [];
      try {
        await rig.dispatcher.start();
        for (const happened of events) {
          apply(rig, happened, ids);
          if (happened.kind === 'turn') {
            await rig.dispatcher.looked();
            // Time in which some of it is sent, and some is under way when the next thing happens.
            await new Promise((resolve) => setTimeout(resolve, happened.ms));
          }
          if (happened.kind === 'crash') {
            life.alive = false;
            for (const { body } of await stores.state.records<DeliveryRecord>({ kind: 'delivery' }))
              if (body.sending !== null) unheard.add(idempotencyKey(body, body.sending));
            dead.push(rig);
            rig = born(rig);
            await rig.dispatcher.start();
          }
        }
        rig.email.mood = 'up';
        rig.sms.mood = 'up';
        const waiting = async () =>
          (await stores.state.records<DeliveryRecord>({ kind: 'delivery' })).filter(
            ({ body }) => stateOf(body) === 'waiting' || body.sending !== null,
          );
        await until(async () => {
          await rig.dispatcher.looked();
          return (await waiting()).length === 0;
        });

        for (const { body } of await stores.state.records<DeliveryRecord>({ kind: 'delivery' })) {
          const { annunciation, closed } = newest.get(body.group) ?? { annunciation: 0, closed: false };
          expect(stateOf(body)).toBe('sent');
          expect(body.sent).toMatchObject({ over: body.wanted.over, annunciation: body.wanted.annunciation });
          expect(body.wanted.over).toBe(closed);
          expect(body.wanted.annunciation).toBeLessThanOrEqual(annunciation);
        }
        // Who is on duty knows the newest call of every open group that nobody has acknowledged.
        for (const open of rig.desk.groups.filter(({ acknowledged }) => acknowledged === null))
          for (const channel of ['email', 'sms'])
            expect(rig.taken.map(({ notice }) => notice.idempotencyKey)).toContain(
              `${open.id}.${open.annunciation}.sari0001.${channel}`,
            );
        expect(stale).toEqual([]);
        const counted = new Map<string, number>();
        for (const { notice } of rig.taken)
          counted.set(notice.idempotencyKey, (counted.get(notice.idempotencyKey) ?? 0) + 1);
        for (const [key, count] of counted) if (!unheard.has(key)) expect(`${key} ${count}`).toBe(`${key} 1`);
      } finally {
        for (const one of [rig, ...dead]) await one.dispatcher.close();
        await stores.close();
      }
    }),
    { numRuns: 40 },
  );
});

/** At each sending: the message must be about the state of that moment. */
function watchFor(rig: Rig, stale: string[], unheard: Set<string>): void {
  for (const notifier of [rig.email, rig.sms]) {
    const { send } = notifier;
    notifier.send = (notice, to) => {
      if (notifier.mood === 'lost') unheard.add(notice.idempotencyKey);
      const [id = '', call = ''] = notice.idempotencyKey.split('.');
      const now = newest.get(id);
      const told = call === 'over' ? now?.closed === true : now?.closed === false && now.annunciation === Number(call);
      if (!told || notice.atMs < startMs) stale.push(`${notice.idempotencyKey} at ${JSON.stringify(now)}`);
      return send(notice, to);
    };
  }
}
