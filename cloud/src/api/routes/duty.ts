import { AccountId, DutyShift } from '@siaga/protocol';
import { Type } from 'typebox';
import type { DutyRoom, Roster } from '../../duty/duty.ts';
import { sendProblem } from '../problem.ts';
import { type App, problems } from './types.ts';

const strict = { additionalProperties: false } as const;
const Time = Type.String({ format: 'date-time' });
const Version = Type.Integer({ minimum: 0, description: 'The version of the roster that the person saw; 0: none yet' });

const Duty = Type.Object({
  version: Version,
  shifts: Type.Array(DutyShift),
  now: Type.Array(Type.Object({ duty: Type.String(), person: AccountId }), { description: 'Who is on duty now' }),
  gaps: Type.Array(Type.Object({ duty: Type.String(), from: Time, to: Time }), {
    description: 'When nobody who can be told is on a duty of the escalation chain, in the next seven days',
  }),
});
const Replacement = Type.Object(
  {
    version: Version,
    shifts: Type.Array(
      Type.Object(
        {
          id: Type.String({ minLength: 1, maxLength: 64 }),
          person: AccountId,
          duty: DutyShift.properties.duty,
          from: Time,
          to: Time,
          weekly: Type.Boolean(),
        },
        strict,
      ),
      { maxItems: 1000 },
    ),
  },
  strict,
);

/** The duty roster: who is told first. Read and replaced as a whole. */
export function dutyRoutes(app: App, { duty, nowMs }: { readonly duty: DutyRoom; readonly nowMs: () => number }): void {
  function answer({ version, shifts }: Roster) {
    const now = nowMs();
    const iso = (ms: number) => new Date(ms).toISOString();
    return {
      version,
      shifts: [...shifts],
      now: [...duty.onDuty(now)],
      gaps: duty.gaps(now).map((gap) => ({ duty: gap.duty, from: iso(gap.fromMs), to: iso(gap.toMs) })),
    };
  }

  app.get(
    '/duty',
    {
      config: { access: 'duty:read' },
      schema: {
        operationId: 'getDuty',
        summary: 'The duty roster, who is on duty now, and when nobody is',
        tags: ['shift'],
        response: { 200: { description: 'The roster', ...Duty } },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return answer(duty.roster());
    },
  );
  app.put(
    '/duty',
    {
      config: { access: 'duty:write' },
      bodyLimit: 512 * 1024,
      schema: {
        operationId: 'putDuty',
        summary: 'Replaces the whole roster',
        tags: ['shift'],
        body: Replacement,
        response: { 200: { description: 'The roster', ...Duty }, 400: problems[400], 409: problems[409] },
      },
    },
    async (request, reply) => {
      if (request.caller === null) throw new Error('the roster is open to the public');
      const done = await duty.replace(request.caller.account.id, request.body);
      if (done.ok) return answer(done.roster);
      return sendProblem(reply, done.code === 'invalid' ? 400 : 409, done.reason, done.field);
    },
  );
}
