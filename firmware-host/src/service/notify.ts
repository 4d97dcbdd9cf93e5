/**
 * Tells systemd how we are (sd_notify). Node has no datagram sockets of the Unix family, so systemd's own
 * `systemd-notify` says it; the unit allows that with NotifyAccess=all. Source: sd_notify(3), systemd.service(5).
 */
import { execFile } from 'node:child_process';
import { monotonicMs } from '../wait.ts';
import { starvedOf, type Vitals } from './watchdog.ts';

export type ServiceManager = {
  /** The agent measures and stores. */
  ready(status: string): Promise<void>;
  stopping(): Promise<void>;
  /** Ends the feeding. */
  close(): void;
};

export type ServiceOptions = {
  readonly env: NodeJS.ProcessEnv;
  readonly vitals: () => Vitals;
  /** Told once when the watchdog is no longer fed, with what is missing. */
  readonly onStarving: (reason: string) => void;
  readonly onError: (error: Error) => void;
};

const noManager: ServiceManager = {
  ready: async () => undefined,
  stopping: async () => undefined,
  close: () => undefined,
};

/** The service manager that started us, if one did and wants to hear (`NOTIFY_SOCKET`); else one that hears nothing. */
export function serviceManager({ env, vitals, onStarving, onError }: ServiceOptions): ServiceManager {
  if (!env.NOTIFY_SOCKET) return noManager;
  const tell = (...words: string[]): Promise<void> =>
    new Promise((resolve) => {
      execFile('systemd-notify', words, { timeout: 10_000, env }, (error) => {
        if (error) onError(error);
        resolve();
      });
    });
  const watchdogMs = Number(env.WATCHDOG_USEC ?? Number.NaN) / 1_000;
  let starving = false;
  const feed = (): void => {
    const reason = starvedOf(vitals(), monotonicMs());
    if (reason === null) {
      starving = false;
      tell('WATCHDOG=1');
      return;
    }
    if (!starving) onStarving(reason);
    starving = true;
  };
  // Half the time, as sd_watchdog_enabled(3) advises; a loop that hangs feeds nothing by itself.
  const timer = watchdogMs > 0 ? setInterval(feed, watchdogMs / 2) : null;
  // Its watch went on while a run with other settings began in this process.
  if (timer) feed();
  return {
    ready: (status) => tell('--ready', `--status=${status}`),
    stopping: () => tell('STOPPING=1'),
    close: () => {
      if (timer) clearInterval(timer);
    },
  };
}
