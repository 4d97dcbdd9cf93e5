/** The HTTP server: routes, problems, security headers. It only listens when told to. */
import fastifySwagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyBaseLogger, fastify, LogController } from 'fastify';
import type { Registry } from 'prom-client';
import type { AlarmDesk } from '../alarms/desk.ts';
import type { DutyRoom } from '../duty/duty.ts';
import type { Calibrations } from '../fleet/calibrations.ts';
import type { Commands } from '../fleet/commands.ts';
import type { Logger } from '../log.ts';
import type { People } from '../people/index.ts';
import type { AuditLog } from '../ports.ts';
import type { Declarations } from '../shift/declared.ts';
import type { ShiftLog } from '../shift/log.ts';
import { type AccessOptions, useAccess } from './access.ts';
import { sendProblem, useProblems } from './problem.ts';
import type { Queries } from './queries.ts';
import { alarmKpisRoute } from './routes/alarm-kpis.ts';
import { type AlarmRuleRouteOptions, alarmRuleRoutes } from './routes/alarm-rules.ts';
import { type AlarmRouteOptions, alarmGroupRoute, alarmRoutes } from './routes/alarms.ts';
import { auditRoute } from './routes/audit.ts';
import { calibrationRoutes } from './routes/calibrations.ts';
import { type ChannelRouteOptions, channelRoutes } from './routes/channels.ts';
import { declaredRoutes } from './routes/declared.ts';
import { deviceCommandRoute } from './routes/device-commands.ts';
import { drillRoutes } from './routes/drills.ts';
import { dutyRoutes } from './routes/duty.ts';
import { episodesRoute } from './routes/episodes.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { healthRoutes } from './routes/health.ts';
import { inviteRoutes } from './routes/invites.ts';
import { logRoutes } from './routes/log.ts';
import { meRoutes } from './routes/me.ts';
import { metricsRoute } from './routes/metrics.ts';
import { oidcRoutes } from './routes/oidc.ts';
import { openapiRoute } from './routes/openapi.ts';
import { outOfServiceRoutes } from './routes/out-of-service.ts';
import { passkeyRoutes } from './routes/passkeys.ts';
import { peopleRoutes } from './routes/people.ts';
import { quarantineRoute } from './routes/quarantine.ts';
import { readingsRoute } from './routes/readings.ts';
import { sessionRoutes } from './routes/session.ts';
import { snapshotRoute } from './routes/snapshot.ts';
import { stationRoute } from './routes/station.ts';
import { stationsRoute } from './routes/stations.ts';
import { streamRoute } from './routes/stream.ts';
import { tokenRoutes } from './routes/tokens.ts';
import type { App } from './routes/types.ts';
import { webRoutes } from './routes/web.ts';
import { securityHeaders } from './security.ts';
import type { StreamHub } from './stream-hub.ts';
import { validators } from './validation.ts';

export type ApiOptions = {
  readonly queries: Queries;
  readonly hub: StreamHub;
  readonly access: AccessOptions;
  readonly desk: AlarmDesk;
  readonly deliveriesOf: AlarmRouteOptions['deliveriesOf'];
  readonly alarmRules: AlarmRuleRouteOptions;
  readonly telling: ChannelRouteOptions & { readonly duty: DutyRoom };
  readonly declarations: Declarations;
  readonly care: { readonly commands: Pick<Commands, 'issue'>; readonly calibrations: Pick<Calibrations, 'decide'> };
  readonly shiftLog: ShiftLog;
  readonly people: People;
  /** The drill that an account takes part in now. */
  readonly drillOf: (account: string) => string | null;
  /** Where the console is, if it was set: `https://siaga.example.org`. */
  readonly origin: string | null;
  readonly audit: AuditLog;
  /** By HTTPS: certificate and key, PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | null;
  /** Addresses of proxies whose word on who asks is taken. */
  readonly proxies?: readonly string[];
  readonly registry: Registry;
  readonly web: { readonly dir: string; readonly tilesPath: string | null };
  /** Where map tiles come from, if not from here: its origin joins the content security policy. */
  readonly tilesUrl: string | null;
  readonly version: string;
  readonly log: Logger;
};

export async function createApi(options: ApiOptions): Promise<App> {
  const { queries, hub, registry, log } = options;
  const app: App = fastify({
    loggerInstance: log.child({ part: 'http' }, { level: quieter(log.level) }) as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    ...((options.proxies ?? []).length > 0 ? { trustProxy: [...(options.proxies ?? [])] } : {}),
    // The types tell HTTP servers from HTTPS ones; routes do not.
    ...((options.tls ? { https: options.tls } : {}) as Record<never, never>),
    bodyLimit: 64 * 1024,
    requestTimeout: 30_000,
    return503OnClosing: false,
    // What is no URL comes to no route.
    frameworkErrors: (error, _request, reply) => sendProblem(reply, error.statusCode ?? 500, error.message),
  }).withTypeProvider<TypeBoxTypeProvider>();

  useProblems(app);
  app.setValidatorCompiler(validators());
  // Answers are typed where they are made; their schemas are for the description only.
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  const headers = securityHeaders(options.tilesUrl);
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(headers);
  });

  if ((options.proxies ?? []).length === 0) tellOfProxy(app);

  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Siaga',
        version: options.version,
        description:
          'Open flood monitoring. Stage is by sensor and provisional; an official status is declared by an authority. ' +
          'Times are UTC, lengths are millimetres.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'stations', description: 'Places and their readings' },
        { name: 'live', description: 'The present picture and what changes' },
        { name: 'fleet', description: 'The devices and what they sent that could not be taken' },
        { name: 'alarms', description: 'What needs an operator’s action, and drills' },
        { name: 'shift', description: 'The shift log, official statuses, gates and pumps' },
      ],
    },
  });

  await app.register(
    async (v1) => {
      const api = v1 as App;
      await useAccess(api, options.access);
      stationsRoute(api, queries);
      stationRoute(api, queries);
      readingsRoute(api, queries);
      episodesRoute(api, queries);
      snapshotRoute(api, queries);
      streamRoute(api, { hub });
      fleetRoutes(api, queries);
      deviceCommandRoute(api, { commands: options.care.commands, nowMs: queries.nowMs });
      calibrationRoutes(api, { calibrations: queries.calibrations, decisions: options.care.calibrations });
      quarantineRoute(api, queries);
      alarmRoutes(api, options);
      alarmGroupRoute(api, options);
      alarmKpisRoute(api, { ...options, nowMs: queries.nowMs });
      alarmRuleRoutes(api, options.alarmRules);
      outOfServiceRoutes(api, options);
      drillRoutes(api, options);
      declaredRoutes(api, options);
      logRoutes(api, options);
      sessionRoutes(api, options);
      oidcRoutes(api, options);
      passkeyRoutes(api, options);
      inviteRoutes(api, options);
      peopleRoutes(api, options);
      meRoutes(api, options);
      tokenRoutes(api, options);
      auditRoute(api, options);
      dutyRoutes(api, { duty: options.telling.duty, nowMs: queries.nowMs });
      channelRoutes(api, options.telling);
      openapiRoute(api);
    },
    { prefix: '/api/v1' },
  );
  healthRoutes(app, queries);
  metricsRoute(app, { registry });
  await webRoutes(app, options.web);
  return app;
}

/** Once: behind a proxy that was not named everybody has its address, and one who guesses locks all of them out. */
function tellOfProxy(app: App): void {
  let told = false;
  app.addHook('onRequest', async (request) => {
    if (told || request.headers['x-forwarded-for'] === undefined) return;
    told = true;
    request.log.warn(
      'requests come by a proxy that SIAGA_PROXIES does not name: everybody behind it shares its limits',
    );
  });
}

/** Fastify announces itself at info; that both servers listen is said once, by the platform. */
function quieter(level: string): string {
  return level === 'info' ? 'warn' : level;
}
