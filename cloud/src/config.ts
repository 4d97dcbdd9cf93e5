/** The platform's settings, from the environment. Pure: reads no file and opens nothing. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, clockFromText } from '@siaga/protocol';
import { type LogLevel, logLevels } from './log.ts';
import { type OidcSettings, oidcSettings } from './people/oidc-settings.ts';
import type { HeartbeatSettings } from './watch/heartbeat.ts';
import { readHeartbeat } from './watch/watch-config.ts';

export type Config = {
  /** Address of both servers. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly dataDir: string;
  /** Where people find the console, with its name: `https://siaga.example.org`. Null: wherever it was loaded from. */
  readonly origin: string | null;
  /** Certificate and key to serve the console by HTTPS, as files. */
  readonly tls: { readonly certPath: string; readonly keyPath: string } | null;
  /** Addresses of reverse proxies in front of the console. */
  readonly proxies: readonly string[];
  /** The identity provider, if people may sign in by one. */
  readonly oidc: OidcSettings | null;
  /** `sqlite:<file>` */
  readonly storeUrl: string;
  readonly cataloguePath: string;
  readonly pkiDir: string;
  /** Folder of the built console. */
  readonly webDir: string;
  /** A .pmtiles file to serve at `/tiles/basemap.pmtiles`. */
  readonly tilesPath: string | null;
  /** Null for the machine's own time. */
  readonly clock: Clock | null;
  /** Our own variables, for the channels: each reads what it needs when it is opened. Holds secrets. */
  readonly notify: Env;
  /** Who is told that all is well; null: nobody. */
  readonly heartbeat: HeartbeatSettings | null;
  /** Local hour of the channels' daily test, 0–23. */
  readonly testHour: number;
  readonly logLevel: LogLevel;
};

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly string[] };

type Env = Readonly<Record<string, string | undefined>>;

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Reads every setting; all faults at once. Paths become absolute, from `cwd`. */
export function loadConfig(env: Env, cwd = process.cwd()): LoadedConfig {
  const faults: string[] = [];
  const text = (name: string, otherwise: string) => env[name]?.trim() || otherwise;
  const path = (name: string, otherwise: string) => resolve(cwd, text(name, otherwise));

  function port(name: string, otherwise: number): number {
    const value = text(name, String(otherwise));
    const number = Number(value);
    if (/^\d{1,5}$/.test(value) && number <= 65_535) return number;
    faults.push(`${name}: ${JSON.stringify(value)} is no port; give a whole number from 0 (any free one) to 65535`);
    return otherwise;
  }

  const dataDir = path('SIAGA_DATA', '.siaga');

  function store(): string {
    const url = text('SIAGA_STORE', 'sqlite:');
    if (!url.startsWith('sqlite:')) faults.push(`SIAGA_STORE: ${JSON.stringify(url)} is not known; give sqlite:FILE`);
    const file = url.slice('sqlite:'.length);
    return `sqlite:${file === '' ? resolve(dataDir, 'siaga.db') : resolve(cwd, file)}`;
  }

  function clock(): Clock | null {
    const value = text('SIAGA_CLOCK', '');
    if (value === '') return null;
    const read = clockFromText(value);
    if (read === undefined)
      faults.push(`SIAGA_CLOCK: ${JSON.stringify(value)} is no clock; give realAtMs/originMs/speed with speed above 0`);
    return read ?? null;
  }

  function logLevel(): LogLevel {
    const value = text('SIAGA_LOG', 'info');
    const known = logLevels.find((level) => level === value);
    if (known === undefined) faults.push(`SIAGA_LOG: ${JSON.stringify(value)} is none of ${logLevels.join(', ')}`);
    return known ?? 'info';
  }

  function origin(): string | null {
    const value = text('SIAGA_ORIGIN', '').replace(/\/$/, '');
    if (value === '') return null;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url?.origin === value && /^https?:$/.test(url.protocol)) return value;
    faults.push(`SIAGA_ORIGIN: ${JSON.stringify(value)} is no origin; give it like https://siaga.example.org`);
    return null;
  }

  function testHour(): number {
    const value = text('SIAGA_TEST_HOUR', '8');
    if (!/^\d{1,2}$/.test(value) || Number(value) > 23)
      faults.push(`SIAGA_TEST_HOUR: ${JSON.stringify(value)} is no hour; give a whole number from 0 to 23`);
    return Number(value);
  }

  function tls(): Config['tls'] {
    const [cert, key] = [text('SIAGA_TLS_CERT', ''), text('SIAGA_TLS_KEY', '')];
    if (cert === '' && key === '') return null;
    if (cert === '' || key === '') faults.push('SIAGA_TLS_CERT, SIAGA_TLS_KEY: give both, or neither');
    return { certPath: resolve(cwd, cert), keyPath: resolve(cwd, key) };
  }

  function proxies(): string[] {
    const all = text('SIAGA_PROXIES', '')
      .split(',')
      .map((part) => part.trim());
    const given = all.filter((part) => part !== '');
    const bad = given.filter((part) => isIP(part.split('/')[0] ?? '') === 0);
    if (bad.length > 0)
      faults.push(`SIAGA_PROXIES: ${bad.join(', ')}: give addresses, such as 127.0.0.1 or 10.0.0.0/8`);
    return given;
  }

  const oidc = oidcSettings(env, faults);
  const consoleOrigin = origin();
  if (oidc !== null && consoleOrigin === null)
    faults.push('SIAGA_ORIGIN: is missing: the identity provider sends people back there');

  const broker = text('SIAGA_BROKER', 'embedded:');
  if (broker !== 'embedded:') faults.push(`SIAGA_BROKER: ${JSON.stringify(broker)} is not known; give embedded:`);
  const tiles = text('SIAGA_TILES', '');
  if (tiles !== '' && !tiles.endsWith('.pmtiles')) faults.push('SIAGA_TILES: must be a file that ends in .pmtiles');

  const config: Config = Object.freeze({
    host: text('SIAGA_HOST', '127.0.0.1'),
    httpPort: port('SIAGA_HTTP_PORT', 8080),
    mqttPort: port('SIAGA_MQTT_PORT', 8883),
    origin: consoleOrigin,
    tls: tls(),
    proxies: proxies(),
    oidc,
    dataDir,
    storeUrl: store(),
    cataloguePath: path('SIAGA_CATALOGUE', 'siaga.yaml'),
    pkiDir: path('SIAGA_PKI', resolve(dataDir, 'pki')),
    webDir: path('SIAGA_WEB', resolve(repository, 'web/dist')),
    tilesPath: tiles === '' ? null : resolve(cwd, tiles),
    clock: clock(),
    notify: Object.freeze(Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('SIAGA_')))),
    heartbeat: readHeartbeat(env, faults),
    testHour: testHour(),
    logLevel: logLevel(),
  });
  if (config.httpPort !== 0 && config.httpPort === config.mqttPort)
    faults.push(`SIAGA_HTTP_PORT, SIAGA_MQTT_PORT: both are ${config.httpPort}; give them different ports`);
  return faults.length > 0 ? { ok: false, faults } : { ok: true, config };
}
