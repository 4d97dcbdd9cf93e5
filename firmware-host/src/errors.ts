/** Every way in which the agent's world can be broken. Expected outcomes are values, not errors. */
export const errorCodes = [
  'config-invalid',
  'data-folder-unusable',
  'outbox-locked',
  'outbox-unreadable',
  'outbox-full',
  'outbox-closed',
  'credentials-unreadable',
  'uplink-disconnected',
  'uplink-ack-timeout',
  'uplink-refused',
  'control-refused',
  'update-failed',
  'provision-refused',
  'provision-failed',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** An error with a code for programs, a sentence for people, and whether trying again may help. */
export type AgentError = Error & { readonly code: ErrorCode; readonly retry: boolean };

const retryable: ReadonlySet<ErrorCode> = new Set([
  'outbox-full',
  'uplink-disconnected',
  'uplink-ack-timeout',
  'provision-failed',
]);

export function agentError(code: ErrorCode, message: string, cause?: unknown): AgentError {
  return Object.assign(new Error(message, { cause }), { code, retry: retryable.has(code) });
}

export function isAgentError(error: unknown): error is AgentError {
  return error instanceof Error && 'code' in error && (errorCodes as readonly unknown[]).includes(error.code);
}

/** The text of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a system error (`ENOSPC`, `ENOENT`, …), undefined for any other. */
export function systemCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
