import { LogEntry } from '@siaga/protocol';
import { Type } from 'typebox';
import type { ShiftLog } from '../../shift/log.ts';
import type { Caller } from '../access.ts';
import { sendProblem } from '../problem.ts';
import { type App, problems } from './types.ts';

const strict = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 4000 });

const Page = Type.Object(
  {
    before: Type.Optional(Type.Integer({ minimum: 1, description: 'Entries with a lower number only' })),
    limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
  },
  strict,
);
const Note = Type.Object(
  {
    text: Text,
    alarm: Type.Optional(Type.String({ maxLength: 64 })),
    station: Type.Optional(Type.String({ maxLength: 64 })),
  },
  strict,
);
const Handover = Type.Object({ to: Type.String({ maxLength: 40 }), text: Text }, strict);
const Numbered = Type.Object({ no: Type.Integer({ minimum: 1 }) });

/** The shift log: read it, add to it, hand over and take over. */
export function logRoutes(app: App, { shiftLog: log }: { readonly shiftLog: ShiftLog }): void {
  app.get(
    '/log',
    {
      config: { access: 'log:read' },
      schema: {
        operationId: 'getLog',
        summary: 'The shift log, newest first: notes, handovers and what alarms did',
        tags: ['shift'],
        querystring: Page,
        response: {
          200: { description: 'Entries', ...Type.Object({ entries: Type.Array(LogEntry) }) },
          400: problems[400],
        },
      },
    },
    async (request, reply) => {
      const { before, limit } = request.query;
      reply.header('cache-control', 'no-store');
      const place = before === undefined ? {} : { before };
      return { entries: await log.list({ ...place, limit, drill: drillOf(request.caller) }) };
    },
  );
  app.post(
    '/log',
    {
      config: { access: 'log:write' },
      schema: {
        operationId: 'addToLog',
        summary: 'Adds a note',
        tags: ['shift'],
        body: Note,
        response: { 200: { description: 'The entry', ...LogEntry }, 400: problems[400] },
      },
    },
    (request) => {
      const { text, alarm = null, station = null } = request.body;
      return log.add(idOf(request.caller), { text, alarm, station, drill: drillOf(request.caller) });
    },
  );
  app.post(
    '/log/handover',
    {
      config: { access: 'log:write' },
      schema: {
        operationId: 'handOver',
        summary: 'Hands the shift over, with what is open now',
        tags: ['shift'],
        body: Handover,
        response: { 200: { description: 'The entry', ...LogEntry }, 400: problems[400] },
      },
    },
    (request) => log.handOver(idOf(request.caller), { ...request.body, drill: drillOf(request.caller) }),
  );
  app.post(
    '/log/handover/:no/accept',
    {
      config: { access: 'log:write' },
      schema: {
        operationId: 'acceptHandover',
        summary: 'Takes the shift over',
        tags: ['shift'],
        params: Numbered,
        response: { 200: { description: 'The entry', ...LogEntry }, 404: problems[404] },
      },
    },
    async (request, reply) => {
      const entry = await log.accept(idOf(request.caller), request.params.no);
      return entry ?? sendProblem(reply, 404, `No handover ${request.params.no} to you is in the log.`, 'no');
    },
  );
}

const idOf = (caller: Caller | null) => caller?.account.id ?? '';
const drillOf = (caller: Caller | null) => caller?.drill ?? null;
