/** Reads a channel's settings from the environment and gathers every fault, to be told at once. */
import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import type { NotifierKind, OpenedNotifier } from './notifier.ts';

export type Env = Parameters<NotifierKind['open']>[0];

/** What all channels that use the network have in common. */
export type NetworkSettings = {
  /** Real ms that one send may take in all. */
  readonly timeoutMs: number;
  /** Certificates trusted beside the machine's own; undefined for the machine's own alone. */
  readonly ca: readonly string[] | undefined;
  /** Hosts outside the public internet that people's own addresses may name, lower case. */
  readonly allowedHosts: ReadonlySet<string>;
};

export const networkVariables = ['SIAGA_NOTIFY_TIMEOUT_S', 'SIAGA_NOTIFY_CA', 'SIAGA_NOTIFY_ALLOW_HOSTS'] as const;

const defaultTimeoutS = 20;
const maxTimeoutS = 300;

export type Settings = {
  text(name: string): string | undefined;
  /** The value, or '' with the variable noted as missing. */
  required(name: string): string;
  /** What `parse` makes of the value; a text from `parse` is the fault. `otherwise` without a value. */
  parsed<T>(name: string, otherwise: T, parse: (value: string) => T | Fault): T;
  fault(name: string, what: string): void;
  network(): NetworkSettings;
  /** Off when nothing of the channel's own is set, faulty on any fault or on half of it; else what `open` makes. */
  opened(open: () => Extract<OpenedNotifier, { state: 'on' }>['notifier']): OpenedNotifier;
};

export type Fault = { readonly fault: string };
export const fault = (what: string): Fault => ({ fault: what });
const isFault = (value: unknown): value is Fault => typeof value === 'object' && value !== null && 'fault' in value;

export function readSettings(env: Env): Settings {
  const faults: string[] = [];
  const missing: string[] = [];
  let given = 0;
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  const note = (name: string, what: string): void => {
    faults.push(`${name}: ${what}`);
  };

  function parsed<T>(name: string, otherwise: T, parse: (value: string) => T | Fault): T {
    const value = text(name);
    if (value === undefined) return otherwise;
    if (!networkVariables.some((each) => each === name)) given++;
    const result = parse(value);
    if (!isFault(result)) return result;
    note(name, result.fault);
    return otherwise;
  }

  return {
    text,
    required(name) {
      const value = text(name);
      if (value === undefined) missing.push(name);
      else given++;
      return value ?? '';
    },
    parsed,
    fault: note,
    network: () => ({
      timeoutMs: Math.round(
        1000 *
          parsed('SIAGA_NOTIFY_TIMEOUT_S', defaultTimeoutS, (value) =>
            Number(value) > 0 && Number(value) <= maxTimeoutS
              ? Number(value)
              : fault(`must be seconds above 0 and up to ${maxTimeoutS}`),
          ),
      ),
      ca: parsed<readonly string[] | undefined>('SIAGA_NOTIFY_CA', undefined, readAuthorities),
      allowedHosts: new Set(
        (text('SIAGA_NOTIFY_ALLOW_HOSTS') ?? '')
          .split(',')
          .map((host) =>
            host
              .trim()
              .toLowerCase()
              .replace(/^\[|\]$/g, ''),
          )
          .filter((host) => host !== ''),
      ),
    }),
    opened(open) {
      if (faults.length === 0 && missing.length === 0) return { state: 'on', notifier: open() };
      if (faults.length === 0 && given === 0) return { state: 'off', missing };
      return { state: 'faulty', faults: [...faults, ...missing.map((name) => `${name}: is missing`)] };
    },
  };
}

/** The machine's authorities and those of a PEM file. Setting any replaces the machine's, so both are given. */
function readAuthorities(file: string): readonly string[] | Fault {
  try {
    const pem = readFileSync(file, 'utf8');
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) return fault('holds no PEM certificate');
    return [...getCACertificates('default'), pem];
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return fault(`the file cannot be read (${code})`);
  }
}
