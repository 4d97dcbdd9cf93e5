/**
 * Every error with a code that the platform raises on purpose, and whether trying again may help.
 * `docs/errors.md` explains each; a test keeps the two alike.
 */
export const errorCodes = {
  'config-invalid': { retry: false },
  'catalogue-invalid': { retry: false },
  'certificates-missing': { retry: false },
  'certificates-invalid': { retry: false },
  'port-taken': { retry: true },
  'port-refused': { retry: false },
  'folder-unwritable': { retry: false },
  'store-unusable': { retry: false },
  'store-full': { retry: true },
  'store-busy': { retry: true },
  'store-failed': { retry: false },
  'lease-lost': { retry: false },
  'state-conflict': { retry: true },
  'person-invalid': { retry: false },
  'audit-line-invalid': { retry: false },
  'pki-incomplete': { retry: false },
  'pki-name-invalid': { retry: false },
  'pki-unknown': { retry: false },
} as const satisfies Record<string, { retry: boolean }>;

export type ErrorCode = keyof typeof errorCodes;

/** An error that a person can act on: `message` is one clear sentence, or one fault a line. */
export type PlatformError = Error & { readonly code: ErrorCode; readonly retry: boolean };

export function platformError(code: ErrorCode, message: string, cause?: unknown): PlatformError {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { code, retry: errorCodes[code].retry });
}

export function isPlatformError(error: unknown): error is PlatformError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code in errorCodes;
}

/** The system's code of a failed call (`ENOENT`, `EADDRINUSE`), if it is one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
