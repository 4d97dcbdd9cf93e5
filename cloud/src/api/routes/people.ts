import { Account, Contacts, LoginName, PersonName, Role } from '@siaga/protocol';
import { Type } from 'typebox';
import { type People, welcomeLink } from '../../people/index.ts';
import { isRefusal } from '../../people/refusal.ts';
import type { Caller } from '../access.ts';
import { refuse } from '../refuse.ts';
import { originOf } from '../site.ts';
import { PersonsName } from './invites.ts';
import { type App, problems } from './types.ts';

const strict = { additionalProperties: false } as const;
export const IdParams = Type.Object({ id: Type.String({ maxLength: 2000 }) });
const Person = Type.Object(
  { login: LoginName, name: PersonsName, role: Role, contacts: Type.Optional(Contacts) },
  strict,
);
const Changes = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    name: Type.Optional(PersonsName),
    role: Type.Optional(Role),
    state: Type.Optional(Type.Enum(['active', 'disabled'])),
  },
  strict,
);
const Link = Type.String({ description: 'For the person alone: shown this once' });

export type PeopleRoutesOptions = {
  readonly people: People;
  /** Where the console is, if it was set. */
  readonly origin: string | null;
};

/** `/people`: accounts, by those who manage them. */
export function peopleRoutes(app: App, { people, origin }: PeopleRoutesOptions): void {
  const { accounts } = people;
  app.get(
    '/people',
    {
      config: { access: 'people:manage' },
      schema: {
        operationId: 'getPeople',
        summary: 'Every account',
        tags: ['people'],
        response: { 200: { description: 'By login', ...Type.Array(Account) } },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return accounts.list();
    },
  );
  app.get(
    '/people/names',
    {
      config: { access: 'people:names' },
      schema: {
        operationId: 'getNames',
        summary: 'Who is who',
        tags: ['people'],
        response: { 200: { description: 'Everyone, disabled accounts too', ...Type.Array(PersonName) } },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return people.names();
    },
  );
  app.post(
    '/people',
    {
      config: { access: 'people:manage', fresh: true },
      schema: {
        operationId: 'addPerson',
        summary: 'Makes an account and the link by which its owner takes it up',
        tags: ['people'],
        body: Person,
        response: {
          200: { description: 'The account', ...Type.Object({ account: Account, link: Link }) },
          400: problems[400],
          409: problems[409],
        },
      },
    },
    async (request, reply) => {
      const made = await accounts.create(actorOf(request.caller), request.body);
      if (isRefusal(made)) return refuse(reply, made);
      return { account: made.account, link: welcomeLink(originOf(request, origin), made.token) };
    },
  );
  app.put(
    '/people/:id',
    {
      config: { access: 'people:manage', fresh: true },
      schema: {
        operationId: 'changePerson',
        summary: 'Name, role, disabled or active; a new role ends the person’s sessions',
        tags: ['people'],
        params: IdParams,
        body: Changes,
        response: {
          200: { description: 'As it is now', ...Account },
          400: problems[400],
          404: problems[404],
          409: problems[409],
        },
      },
    },
    async (request, reply) => {
      const account = await accounts.update(actorOf(request.caller), request.params.id, request.body);
      return isRefusal(account) ? refuse(reply, account) : account;
    },
  );
  app.delete(
    '/people/:id',
    {
      config: { access: 'people:manage', fresh: true },
      schema: {
        operationId: 'deletePerson',
        summary: 'Deletes all that is known of a person; the record keeps a bare id',
        tags: ['people'],
        params: IdParams,
        response: { 200: { description: 'Done', ...Type.Object({}) }, 404: problems[404], 409: problems[409] },
      },
    },
    async (request, reply) => {
      const refused = await accounts.remove(actorOf(request.caller), request.params.id);
      return refused === undefined ? {} : refuse(reply, refused);
    },
  );
  app.post(
    '/people/:id/invite',
    {
      config: { access: 'people:manage', fresh: true },
      schema: {
        operationId: 'invitePerson',
        summary: 'A new link: to take the account up, or to choose another password',
        tags: ['people'],
        params: IdParams,
        response: {
          200: { description: 'The link', ...Type.Object({ link: Link }) },
          404: problems[404],
          409: problems[409],
        },
      },
    },
    async (request, reply) => {
      const made = await accounts.invite(actorOf(request.caller), request.params.id);
      return isRefusal(made) ? refuse(reply, made) : { link: welcomeLink(originOf(request, origin), made.token) };
    },
  );
}

export function actorOf(caller: Caller | null): string {
  return caller?.account.id ?? '';
}
