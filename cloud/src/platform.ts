/** The platform in one process: the one place where store, broker, use cases and API meet. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '@siaga/protocol';
import packageJson from '../package.json' with { type: 'json' };
import { reportDryRun } from './alarms/dry-run-report.ts';
import type { Caller } from './api/access.ts';
import { createApi } from './api/app.ts';
import { authentication } from './api/authenticate.ts';
import { type Broker, startBroker } from './broker/embedded.ts';
import { readCatalogue } from './catalogue-file.ts';
import { readCertificates, readConsoleCertificate, showNewCertificates } from './certificates.ts';
import type { Config } from './config.ts';
import { alarmSettingsFaults } from './fleet/catalogue-faults.ts';
import { openPkiKeeper } from './fleet/pki/keeper.ts';
import { standingCatalogue } from './fleet/standing.ts';
import { makeWritable } from './folders.ts';
import { listening, portIsFree } from './listening.ts';
import { type Logger, silentLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createPeople, type People, setupLinkFile, welcomeLink } from './people/index.ts';
import { type Pipeline, type Staff, startPipeline } from './pipeline.ts';
import { createQueries } from './queries.ts';
import { alarmHistory } from './shift/alarm-history.ts';
import { createDeclarations } from './shift/declared.ts';
import { createShiftLog } from './shift/log.ts';
import { openMemory, openStore } from './store/index.ts';
import { startTelling, type Telling } from './telling.ts';

export type Platform = {
  /** `http://127.0.0.1:8080` */
  readonly httpUrl: string;
  /** `mqtts://127.0.0.1:8883` */
  readonly mqttUrl: string;
  /** Stops accepting, ends the commits in flight, closes all. */
  stop(): Promise<void>;
};

export type PlatformOptions = {
  readonly log?: Logger;
  /** In place of the configuration's. */
  readonly clock?: Clock;
  /** Another process has taken the store over; the caller should stop this one. */
  readonly onLost?: (error: Error) => void;
};

/** Starts everything; rejects with a `PlatformError` where a person can mend it, with nothing left running. */
export async function startPlatform(config: Config, options: PlatformOptions = {}): Promise<Platform> {
  const { log = silentLog(), clock = config.clock ?? systemClock() } = options;
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of undo.splice(0).reverse()) await close();
  };
  try {
    const urls = await startAll(config, { log, clock, undo, onLost: options.onLost ?? (() => {}) });
    log.info(urls, 'listening');
    return { ...urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  config: Config,
  { log, clock, undo, onLost }: Required<PlatformOptions> & { undo: (() => Promise<unknown>)[] },
): Promise<{ httpUrl: string; mqttUrl: string }> {
  const catalogue = standingCatalogue(readCatalogue(config.cataloguePath));
  readCertificates(config.pkiDir);
  let broker: Broker | undefined;
  const consoleTls = config.tls === null ? null : readConsoleCertificate(config.tls);
  let certificatesChanged = () => {};
  const keeper = await openPkiKeeper({
    dir: config.pkiDir,
    knows: (station) => catalogue.station(station) !== undefined,
    log,
    onRevoked: () => broker?.cutRevoked(),
    onServerChanged: () => certificatesChanged(),
  });
  undo.push(() => keeper.close());
  makeWritable(config.dataDir, 'mend its owner, or set SIAGA_DATA to one that can');
  // Opening the store takes it over: a platform started twice by mistake must fail before that.
  await portIsFree('HTTP', 'SIAGA_HTTP_PORT', config.httpPort, config.host);
  await portIsFree('MQTT', 'SIAGA_MQTT_PORT', config.mqttPort, config.host);
  const stores = openStore(config.storeUrl);
  undo.push(() => stores.close());

  const metrics = createMetrics();
  const connected = () => broker?.connected() ?? new Set<string>();
  let telling: Telling | undefined;
  const declarations = await createDeclarations({
    state: stores.state,
    clock,
    knows: (station) => catalogue.station(station) !== undefined,
    level: (station) => pipeline.judge.known().get(station)?.level,
  });
  const pipeline: Pipeline = await startPipeline({
    stores,
    catalogue,
    declared: declarations,
    box() {
      const facts = telling?.box();
      return facts && { ...facts, troubles: [...facts.troubles, ...keeper.troubles()] };
    },
    clock,
    channel: { send: async (...message) => broker?.channel.send(...message) },
    connected,
    certificates: keeper.states,
    metrics,
    log,
    build: buildOf(config.webDir),
    onLost,
  });
  undo.push(() => pipeline.close());

  const setupLink = setupLinkFile(config.dataDir);
  const people = createPeople({
    state: stores.state,
    nowMs: clock.now,
    issuer: catalogue.deployment.name,
    oidc: config.oidc,
    onRefused: (reason) => log.warn({ reason }, 'sign-in refused'),
    onSetUp: setupLink.remove,
  });
  const { drillOf } = pipeline.desk;
  const told = await startTelling({
    config,
    stores,
    pipeline,
    episodes: pipeline.history.episodes,
    people,
    catalogue,
    clock,
    version: packageJson.version,
    log,
  });
  telling = told;
  undo.push(() => told.close());

  const queries = createQueries({
    pipeline,
    catalogue,
    declared: declarations,
    stores,
    clock,
    dataDir: config.dataDir,
    listening: () => broker?.listening() ?? false,
    staffOf: (caller) => staffOf(caller, people),
  });
  const api = await createApi({
    queries,
    hub: pipeline.hub,
    desk: pipeline.desk,
    deliveriesOf: told.dispatcher.deliveriesOf,
    telling: told,
    alarmRules: {
      rules: pipeline.rules,
      dryRun: (span, alarms) =>
        reportDryRun({ catalogue, readings: stores.readings, scratch: openMemory, ...span }, alarms),
      alarmFaults: (alarms) => alarmSettingsFaults(alarms, catalogue),
    },
    declarations,
    care: pipeline.care,
    shiftLog: createShiftLog({ state: stores.state, clock, alarms: alarmHistory(stores.state, pipeline.desk) }),
    people,
    drillOf,
    origin: config.origin,
    tls: consoleTls,
    proxies: config.proxies,
    audit: stores.audit,
    access: authentication({ people, drillOf, origin: config.origin }),
    registry: metrics.registry,
    web: { dir: config.webDir, tilesPath: config.tilesPath },
    tilesUrl: catalogue.deployment.tiles?.url ?? null,
    version: packageJson.version,
    log,
  });
  undo.push(async () => {
    pipeline.hub.close();
    await api.close();
  });
  metrics.watch({
    devices: () => connected().size,
    streamClients: pipeline.hub.clients,
    watermarkAgeS: () => watermarkAgeS(pipeline, clock),
  });

  const httpPort = await listening('HTTP', 'SIAGA_HTTP_PORT', config.httpPort, config.host, async () => {
    await api.listen({ host: config.host, port: config.httpPort });
    const address = api.server.address();
    return typeof address === 'object' && address !== null ? address.port : config.httpPort;
  });
  broker = await listening('MQTT', 'SIAGA_MQTT_PORT', config.mqttPort, config.host, () =>
    startBroker({
      host: config.host,
      port: config.mqttPort,
      tls: readCertificates(config.pkiDir),
      knows: (station) => catalogue.station(station) !== undefined,
      receive: pipeline.receive,
      revoked: keeper.revoked,
      seen: keeper.seen,
      provision: keeper.desk,
      log,
      count: metrics,
    }),
  );
  const running = broker;
  certificatesChanged = () => showNewCertificates(running, config.pkiDir, log);
  undo.push(async () => {
    // Both at once: the broker waits for the commits in flight, and those that wait for room on the disk end now.
    await Promise.all([running.close(), pipeline.close()]);
  });
  const host = hostOf(config.host);
  const scheme = consoleTls === null ? 'http' : 'https';
  // Over plain HTTP browsers keep a session under this name only.
  told.consoleAt(`${scheme}://${host.startsWith('127.') ? 'localhost' : host}:${httpPort}`);
  told.beat(queries.unready);
  await people.prune();
  setupLink.remove();
  if (await people.setup.isOpen()) {
    // Browsers take the session's cookie over plain HTTP from this machine only.
    const origin = config.origin ?? `${scheme}://localhost:${httpPort}`;
    setupLink.write(welcomeLink(origin, await people.setup.mint('machine')));
    log.info({ file: setupLink.path }, 'no admin yet: the link in the file makes the first one');
  }
  return { httpUrl: `${scheme}://${host}:${httpPort}`, mqttUrl: `mqtts://${host}:${running.port}` };
}

/** Null for who may see no alarms. */
async function staffOf(caller: Caller | null, people: People): Promise<Staff | null> {
  if (caller === null || !caller.permissions.has('alarms:read')) return null;
  const session = await people.sessions.info(caller, caller.drill);
  if (session === undefined) return null;
  return { session, people: caller.permissions.has('people:names') ? await people.names() : [] };
}

function watermarkAgeS(pipeline: Pipeline, clock: Clock): number {
  const ms = pipeline.watermarkMs();
  return ms === null ? Number.NaN : (clock.now() - ms) / 1000;
}

/** Names what runs: a console of another build reloads itself. */
function buildOf(webDir: string): string {
  try {
    const page = readFileSync(join(webDir, 'index.html'));
    return `${packageJson.version}-${createHash('sha256').update(page).digest('hex').slice(0, 8)}`;
  } catch {
    return packageJson.version;
  }
}

function hostOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
