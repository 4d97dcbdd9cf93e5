import { Type } from 'typebox';
import type { Calibrations, Decision } from '../../fleet/calibrations.ts';
import { sendProblem } from '../problem.ts';
import { CalibrationProposal, type Queries } from '../queries.ts';
import { Reason, strict } from './desk-answers.ts';
import { type App, problems, StationParams } from './types.ts';

export type CalibrationRouteOptions = Pick<Queries, 'calibrations'> & {
  readonly decisions: Pick<Calibrations, 'decide'>;
};

const RecordParams = Type.Object({ ...StationParams.properties, record: Type.String({ maxLength: 64 }) });
const Answer = Type.Object({ calibrations: Type.Array(CalibrationProposal) });
const answers = {
  200: { description: 'As they stand now', ...Answer },
  400: problems[400],
  404: problems[404],
};

/** `GET /stations/{id}/calibrations`, and `POST …/{record}/accept|refuse`: what technicians measured, and whether it counts. */
export function calibrationRoutes(app: App, { calibrations, decisions }: CalibrationRouteOptions): void {
  app.get(
    '/stations/:id/calibrations',
    {
      config: { access: 'fleet:read' },
      schema: {
        operationId: 'getCalibrations',
        summary: "Technicians' calibrations, with what each changes",
        tags: ['fleet'],
        params: StationParams,
        response: { 200: answers[200], 404: answers[404] },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const found = await calibrations(id);
      return found === undefined
        ? sendProblem(reply, 404, `No station ${JSON.stringify(id)} in the catalogue.`, 'id')
        : { calibrations: found };
    },
  );

  async function decide(
    { id, record }: { id: string; record: string },
    by: string,
    decision: Decision,
    reason: string | null,
  ) {
    const done = await decisions.decide(by, id, record, decision, reason);
    return done.ok ? { ok: true as const, calibrations: (await calibrations(id)) ?? [] } : done;
  }

  app.post(
    '/stations/:id/calibrations/:record/accept',
    {
      config: { access: 'fleet:write' },
      schema: {
        operationId: 'acceptCalibration',
        summary: 'From its validFrom on the stage is computed by it, the past included',
        tags: ['fleet'],
        params: RecordParams,
        body: Type.Object({ reason: Type.Optional(Reason) }, strict),
        response: answers,
      },
    },
    async (request, reply) => {
      const { params, body, caller } = request;
      const done = await decide(params, caller?.account.id ?? '', 'accepted', body.reason ?? null);
      return done.ok
        ? { calibrations: done.calibrations }
        : sendProblem(reply, done.code === 'not-found' ? 404 : 400, done.reason);
    },
  );
  app.post(
    '/stations/:id/calibrations/:record/refuse',
    {
      config: { access: 'fleet:write' },
      schema: {
        operationId: 'refuseCalibration',
        summary: 'It does not count, or no more',
        tags: ['fleet'],
        params: RecordParams,
        body: Type.Object({ reason: Reason }, strict),
        response: answers,
      },
    },
    async (request, reply) => {
      const { params, body, caller } = request;
      const done = await decide(params, caller?.account.id ?? '', 'refused', body.reason);
      return done.ok
        ? { calibrations: done.calibrations }
        : sendProblem(reply, done.code === 'not-found' ? 404 : 400, done.reason);
    },
  );
}
