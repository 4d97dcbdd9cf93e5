/**
 * One agent as a program: it runs until it is told to stop, begins anew with other settings when the platform
 * has changed them, and tells the service manager how it is.
 */
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { type Agent, startAgent } from '../agent.ts';
import { settingsOrFaults, settingsPath } from '../cli/settings-file.ts';
import { loadConfig } from '../config.ts';
import { messageOf } from '../errors.ts';
import { noRemote } from '../remote/config.ts';
import { openRemote, settingsForStart } from '../remote/remote.ts';
import type { RemoteSettings } from '../remote/settings.ts';
import { machineTime } from '../time/signs.ts';
import { agentVersion } from '../version.ts';
import { type LogLines, logLinesTo } from './log-lines.ts';
import { serviceManager } from './notify.ts';

/** Why a run ends: told to stop, other settings, another version. */
type Ending = 'stop' | 'settings' | 'version';

/** Resolves when the program should end. Rejects with `config-invalid`, or where the data folder cannot be used. */
export async function runAgent(path: string | undefined, env: NodeJS.ProcessEnv): Promise<void> {
  let end: (why: Ending) => void = () => undefined;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    end('stop');
  };
  const lines = logLinesTo(process.stdout.fd);
  process.once('exit', lines.flush);
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  for (;;) {
    const ending = new Promise<Ending>((resolve) => {
      end = resolve;
    });
    if (stopped) return;
    const why = await runOnce(path, env, lines, ending, (reason) => end(reason));
    // Another version needs a process of its own: the service manager starts the launcher again.
    if (why !== 'settings') return;
  }
}

async function runOnce(
  path: string | undefined,
  env: NodeJS.ProcessEnv,
  lines: LogLines,
  ending: Promise<Ending>,
  end: (why: Ending) => void,
): Promise<Ending> {
  const before = await settingsOrFaults(path, env);
  const log = pino({ level: before.logLevel }, lines);
  await settingsForStart(before.config.data, log).catch((error) =>
    log.warn({ err: messageOf(error) }, 'settings from afar cannot be kept'),
  );
  const { config, clock, warnings } = await settingsOrFaults(path, env);
  for (const warning of warnings) log.warn(warning);
  const text = await readFile(settingsPath(path), 'utf8');
  const agent: Agent = await startAgent({
    config,
    clock,
    log,
    // A clock that is given is beyond doubt: a replay's.
    ...(env.SIAGA_CLOCK ? {} : { time: machineTime() }),
    remote: ({ evidence, tell }) =>
      openRemote({
        data: config.data,
        config: config.remote ?? noRemote,
        configPath: settingsPath(path),
        version: agentVersion,
        isService: env.NOTIFY_SOCKET !== undefined,
        faultsWith: (settings) => faultsWith(text, env, settings),
        evidence,
        tell,
        restart: (what) => end(what),
        log,
      }),
  });
  const manager = serviceManager({
    env,
    vitals: agent.vitals,
    onStarving(reason) {
      log.error({ reason }, 'the watchdog is no longer fed');
      agent.starving();
    },
    onError: (error) => log.warn({ err: messageOf(error) }, 'the service manager was not told'),
  });
  const { stream, lastSeq } = agent.status();
  log.info({ station: config.station, version: agentVersion, stream, lastSeq }, 'started');
  await manager.ready(`${config.station}, measuring`);
  const why = await ending;
  manager.close();
  if (why !== 'settings') await manager.stopping();
  await agent.stop();
  return why;
}

function faultsWith(text: string, env: NodeJS.ProcessEnv, settings: RemoteSettings): readonly string[] {
  const loaded = loadConfig(text, env, settings);
  if (loaded.ok) return [];
  return 'faults' in loaded ? loaded.faults : [loaded.reason];
}
