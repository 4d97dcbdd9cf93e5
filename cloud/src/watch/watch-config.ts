/** Settings of `siaga watch`, from the environment. Pure but for the certificates' files. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { HeartbeatSettings } from './heartbeat.ts';
import type { WatcherSettings } from './watcher.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type WatchConfig = WatcherSettings & {
  readonly host: string;
  /** Null: it listens for nothing and only asks. */
  readonly port: number | null;
  readonly secret: string;
  /** Certificate and key to listen with TLS. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** The platform's `/readyz`; null: it is not asked. */
  readonly pollUrl: URL | null;
  readonly pollMs: number;
  /** Whom to tell: a channel's name and an address. */
  readonly tell: readonly { readonly channel: string; readonly address: string }[];
  readonly stateFile: string;
};

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** A URL that may carry a secret: https, or this machine. */
function safeUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.has(url.hostname));
  return safe ? url : undefined;
}

/** The platform's part, for its own configuration; null when nobody watches. */
export function readHeartbeat(env: Env, faults: string[]): HeartbeatSettings | null {
  const url = env.SIAGA_HEARTBEAT_URL?.trim() ?? '';
  if (url === '') return null;
  if (safeUrl(url) === undefined)
    faults.push('SIAGA_HEARTBEAT_URL: must be an https:// address (http:// to this machine only)');
  const everyS = Number(env.SIAGA_HEARTBEAT_S?.trim() || '60');
  if (!(everyS >= 1 && everyS <= 3600)) faults.push('SIAGA_HEARTBEAT_S: must be seconds from 1 to 3600');
  return { url, token: env.SIAGA_HEARTBEAT_TOKEN?.trim() || null, everyS };
}

export type LoadedWatchConfig =
  | { readonly ok: true; readonly config: WatchConfig }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Reads every setting; all faults at once. `channels` are those that are on. */
export function loadWatchConfig(env: Env, channels: Iterable<string>, cwd = process.cwd()): LoadedWatchConfig {
  const faults: string[] = [];
  const text = (name: string) => env[name]?.trim() ?? '';
  const known = new Set(channels);

  function minutes(name: string, otherwise: number): number {
    const value = text(name) === '' ? otherwise : Number(text(name));
    if (!(value >= 0.01 && value <= 10_080)) faults.push(`${name}: must be minutes, up to 10080`);
    return value * 60_000;
  }

  function port(): number | null {
    const value = text('SIAGA_WATCH_PORT');
    if (value === '') return null;
    if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535)
      faults.push('SIAGA_WATCH_PORT: must be a port from 0 (any free one) to 65535');
    if (text('SIAGA_WATCH_SECRET').length < 16)
      faults.push('SIAGA_WATCH_SECRET: give at least 16 characters; the platform sends it as SIAGA_HEARTBEAT_TOKEN');
    return Number(value);
  }

  function file(name: string): string | null {
    const path = text(name);
    if (path === '') return null;
    try {
      return readFileSync(resolve(cwd, path), 'utf8');
    } catch {
      faults.push(`${name}: ${path} cannot be read`);
      return null;
    }
  }

  function tell(): WatchConfig['tell'] {
    const entries = text('SIAGA_WATCH_TELL')
      .split(',')
      .map((entry) => entry.trim());
    const read = entries
      .filter((entry) => entry !== '')
      .map((entry) => {
        const at = entry.indexOf(':');
        return { channel: entry.slice(0, Math.max(at, 0)), address: entry.slice(at + 1) };
      });
    if (read.length === 0)
      faults.push('SIAGA_WATCH_TELL: say whom to tell, e.g. email:ana@example.org,sms-http:+62811000111');
    for (const { channel } of read)
      if (!known.has(channel))
        faults.push(
          `SIAGA_WATCH_TELL: the channel ${JSON.stringify(channel)} is not on (${[...known].join(', ') || 'none is'}); its settings are those of the platform`,
        );
    return read;
  }

  function poll(): URL | null {
    const value = text('SIAGA_WATCH_POLL');
    if (value === '') return null;
    if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
      faults.push('SIAGA_WATCH_POLL: must be the platform’s address, e.g. https://siaga.example.org/readyz');
      return null;
    }
    return new URL(value);
  }

  const cert = file('SIAGA_WATCH_CERT');
  const key = file('SIAGA_WATCH_KEY');
  if ((cert === null) !== (key === null)) faults.push('SIAGA_WATCH_CERT, SIAGA_WATCH_KEY: give both or none');
  const config: WatchConfig = {
    host: text('SIAGA_WATCH_HOST') || '127.0.0.1',
    port: port(),
    secret: text('SIAGA_WATCH_SECRET'),
    tls: cert === null || key === null ? null : { cert, key },
    pollUrl: poll(),
    pollMs: 30_000,
    silentMs: minutes('SIAGA_WATCH_SILENT_MIN', 5),
    repeatMs: minutes('SIAGA_WATCH_REPEAT_MIN', 30),
    tell: tell(),
    stateFile: resolve(cwd, text('SIAGA_WATCH_STATE') || 'siaga-watch.json'),
  };
  if (config.port === null && text('SIAGA_WATCH_POLL') === '')
    faults.push('SIAGA_WATCH_PORT, SIAGA_WATCH_POLL: give one at least, or there is nothing to watch by');
  return faults.length > 0 ? { ok: false, faults } : { ok: true, config };
}
