import { type Clock, Command } from '@siaga/protocol';
import { Type } from 'typebox';
import type { Commands, CommandWish } from '../../fleet/commands.ts';
import { sendProblem } from '../problem.ts';
import { CommandView } from '../queries.ts';
import { commandView } from '../views.ts';
import { strict } from './desk-answers.ts';
import { type App, problems, StationParams } from './types.ts';

export type CommandRouteOptions = { readonly commands: Pick<Commands, 'issue'>; readonly nowMs: Clock['now'] };

const [Resend, Cadence, Settings, Update] = Command.anyOf;
const common = {
  id: Type.Optional(
    Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'Idempotency key; made here if absent' }),
  ),
  expiresInS: Type.Optional(
    Type.Integer({
      minimum: 60,
      maximum: 30 * 86_400,
      description: 'A device that does not come back within so long never gets it. Absent: a day; an update: a week',
    }),
  ),
};

const { v: _1, id: _2, ...resend } = Resend.properties;
const { v: _3, id: _4, ...cadence } = Cadence.properties;
const { v: _5, id: _6, ...settings } = Settings.properties;
const { v: _7, id: _8, ...update } = Update.properties;

/** What may be asked: the protocol's commands, without what the platform adds. */
const Asked = Type.Union([
  Type.Object({ ...common, ...resend }, strict),
  Type.Object({ ...common, ...cadence }, strict),
  Type.Object({ ...common, ...settings }, strict),
  Type.Object({ ...common, ...update }, strict),
]);

const dayS = 86_400;
const statuses = { 'not-found': 404, conflict: 409, 'too-many': 409, 'too-large': 400 } as const;

/** `POST /stations/{id}/commands`: asks something of a device, now or when it comes back. */
export function deviceCommandRoute(app: App, { commands, nowMs }: CommandRouteOptions): void {
  app.post(
    '/stations/:id/commands',
    {
      config: { access: 'fleet:write' },
      schema: {
        operationId: 'commandDevice',
        summary: 'Asks a device: to send again, to report more often, to take settings, to update itself',
        tags: ['fleet'],
        params: StationParams,
        body: Asked,
        response: {
          200: { description: 'As it stands now', ...CommandView },
          400: problems[400],
          404: problems[404],
          409: problems[409],
        },
      },
    },
    async (request, reply) => {
      const { id: station } = request.params;
      const { id, expiresInS, ...asked } = request.body;
      if (asked.act === 'resend' && asked.from > asked.to)
        return sendProblem(reply, 400, 'The range ends before it begins.', 'to');
      const issued = await commands.issue(request.caller?.account.id ?? '', station, asked as CommandWish, {
        expiresInS: expiresInS ?? (asked.act === 'update' ? 7 * dayS : dayS),
        ...(id === undefined ? {} : { id }),
      });
      return issued.ok
        ? commandView(issued.kept, nowMs())
        : sendProblem(reply, statuses[issued.code], issued.reason, issued.code === 'conflict' ? 'id' : undefined);
    },
  );
}
