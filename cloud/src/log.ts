import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** JSON lines on stdout, written at once: what was logged before a crash is there. */
export function createLog(level: LogLevel): Logger {
  return pino({ level, base: null }, pino.destination({ dest: 1, sync: true }));
}

/** A log that says nothing, for tests and embedding. */
export function silentLog(): Logger {
  return pino({ level: 'silent' });
}
