import { setTimeout as pause } from 'node:timers/promises';
import { openNotifySocket } from '@siaga/firmware-host/testing';
import { type LogLine, type Program, startCommand } from './programs.ts';

/** The user that the service runs as, where we are root: what it may not write, it cannot. */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

/** An installed agent as systemd runs it: started again whenever it ends, and listened to. */
export type Service = {
  /** Every run so far, the present one last. */
  readonly runs: readonly Program[];
  /** All that it has logged, over its runs. */
  lines(): LogLine[];
  /** All that it has told the service manager. */
  told(): string;
  /** Ends the present run and starts no other. */
  stop(): Promise<void>;
};

export type ServiceSettings = {
  readonly launcher: string;
  readonly args: readonly string[];
  /** Of the socket that it tells how it is. */
  readonly folder: string;
  readonly watchdogS: number;
  readonly env?: Readonly<Record<string, string>>;
};

/** Starts as the unit does, but for its `RestartSec`: tests do not wait for that. */
export async function startService({ launcher, args, folder, watchdogS, env = {} }: ServiceSettings): Promise<Service> {
  const ear = await openNotifySocket(folder);
  const runs: Program[] = [];
  let stopping = false;
  const unprivileged = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups', launcher];
  const start = (): Program => {
    const [command, before] = isRoot ? ['setpriv', unprivileged] : [launcher, []];
    const program = startCommand('siaga-agent.service', command, [...before, ...args], {
      NOTIFY_SOCKET: ear.path,
      WATCHDOG_USEC: String(watchdogS * 1_000_000),
      ...env,
    });
    runs.push(program);
    return program;
  };
  const running = (async () => {
    while (!stopping) {
      await start().exited;
      await pause(100);
    }
  })();
  return {
    runs,
    lines: () => runs.flatMap(({ lines }) => lines),
    told: ear.heard,
    async stop() {
      stopping = true;
      await runs.at(-1)?.stop();
      await running;
      ear.close();
    },
  };
}

/** Whom the files of a service must belong to. */
export const serviceUser = isRoot ? nobody : (process.getuid?.() ?? 0);
