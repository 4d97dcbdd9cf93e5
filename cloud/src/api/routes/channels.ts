import { ChannelState } from '@siaga/protocol';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { TestDone } from '../../alarms/dispatch/channel-tests.ts';
import type { Dispatcher } from '../../alarms/dispatch/dispatcher.ts';
import { Problem, sendProblem } from '../problem.ts';
import { type App, problems } from './types.ts';

const strict = { additionalProperties: false } as const;
const NameParams = Type.Object({ name: Type.String({ maxLength: 40, description: 'Channel' }) });
const Seen = Type.Object({ id: Type.String({ maxLength: 80, description: "The test's id" }) }, strict);
const Channels = Type.Array(ChannelState);

export type ChannelRouteOptions = {
  readonly dispatcher: Pick<Dispatcher, 'channels' | 'test' | 'seen'>;
  readonly pushKey: string | null;
};

const refusals = {
  400: problems[400],
  404: { description: 'There is no such channel, or no such test', ...Problem },
  409: problems[409],
};

/** The ways of telling people: their state, and the tests that people must see. */
export function channelRoutes(app: App, { dispatcher, pushKey }: ChannelRouteOptions): void {
  function after(reply: FastifyReply, name: string, done: TestDone) {
    if (!done.ok) return sendProblem(reply, done.code === 'not-found' ? 404 : 409, done.reason);
    return dispatcher.channels().find((channel) => channel.name === name);
  }

  function callerOf(request: { readonly caller: { readonly account: { readonly id: string } } | null }): string {
    if (request.caller === null) throw new Error('a route of the channels is open to the public');
    return request.caller.account.id;
  }

  app.get(
    '/channels',
    {
      config: { access: 'alarms:read' },
      schema: {
        operationId: 'getChannels',
        summary: 'Every way of telling people, and whether it is known to work',
        tags: ['alarms'],
        response: { 200: { description: 'Channels, those that are off too', ...Channels } },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return dispatcher.channels();
    },
  );
  app.post(
    '/channels/:name/test',
    {
      config: { access: 'alarms:act' },
      schema: {
        operationId: 'testChannel',
        summary: 'Sends a test to the caller',
        tags: ['alarms'],
        params: NameParams,
        response: { 200: { description: 'The channel', ...ChannelState }, ...refusals },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      return after(reply, name, await dispatcher.test(name, callerOf(request)));
    },
  );
  app.post(
    '/channels/:name/seen',
    {
      config: { access: 'alarms:act' },
      schema: {
        operationId: 'markTestSeen',
        summary: 'Says that the test has arrived',
        tags: ['alarms'],
        params: NameParams,
        body: Seen,
        response: { 200: { description: 'The channel', ...ChannelState }, ...refusals },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      return after(reply, name, await dispatcher.seen(name, request.body.id, callerOf(request)));
    },
  );
  app.get(
    '/push-key',
    {
      config: { access: 'self' },
      schema: {
        operationId: 'getPushKey',
        summary: 'What a browser needs to subscribe to web push',
        tags: ['alarms'],
        response: {
          200: {
            description: 'Null while web push is off',
            ...Type.Object({ key: Type.Union([Type.String(), Type.Null()]) }),
          },
        },
      },
    },
    async () => ({ key: pushKey }),
  );
}
