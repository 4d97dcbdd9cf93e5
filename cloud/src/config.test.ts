import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';

test('an empty environment gives the documented defaults, frozen', () => {
  const loaded = loadConfig({}, '/srv/siaga');
  if (!loaded.ok) throw new Error(loaded.faults.join());
  expect(loaded.config).toMatchObject({
    host: '127.0.0.1',
    httpPort: 8080,
    mqttPort: 8883,
    dataDir: '/srv/siaga/.siaga',
    storeUrl: 'sqlite:/srv/siaga/.siaga/siaga.db',
    cataloguePath: '/srv/siaga/siaga.yaml',
    pkiDir: '/srv/siaga/.siaga/pki',
    tilesPath: null,
    origin: null,
    clock: null,
    logLevel: 'info',
  });
  expect(loaded.config.webDir.endsWith('/web/dist')).toBe(true);
  expect(Object.isFrozen(loaded.config)).toBe(true);
});

test('every fault is told at once, each with its variable', () => {
  const loaded = loadConfig({
    SIAGA_HTTP_PORT: '80800',
    SIAGA_MQTT_PORT: 'x',
    SIAGA_STORE: 'oracle:',
    SIAGA_BROKER: 'mqtt://elsewhere',
    SIAGA_ORIGIN: 'https://siaga.example.org/console',
    SIAGA_TLS_CERT: 'console.crt',
    SIAGA_PROXIES: '127.0.0.1,proxy',
    SIAGA_OIDC_ISSUER: 'http://id.example',
    SIAGA_CLOCK: '1/2/0',
    SIAGA_LOG: 'loud',
    SIAGA_TILES: 'map.png',
  });
  if (loaded.ok) throw new Error('read');
  expect(loaded.faults.map((fault) => fault.split(':')[0]).sort()).toEqual([
    'SIAGA_BROKER',
    'SIAGA_CLOCK',
    'SIAGA_HTTP_PORT',
    'SIAGA_LOG',
    'SIAGA_MQTT_PORT',
    'SIAGA_OIDC_CLIENT_ID',
    'SIAGA_OIDC_ISSUER',
    'SIAGA_OIDC_ROLES',
    'SIAGA_ORIGIN',
    'SIAGA_ORIGIN',
    'SIAGA_PROXIES',
    'SIAGA_STORE',
    'SIAGA_TILES',
    'SIAGA_TLS_CERT, SIAGA_TLS_KEY',
  ]);
});

test('two servers cannot share a port, but both may ask for any', () => {
  expect(loadConfig({ SIAGA_HTTP_PORT: '9000', SIAGA_MQTT_PORT: '9000' }).ok).toBe(false);
  expect(loadConfig({ SIAGA_HTTP_PORT: '0', SIAGA_MQTT_PORT: '0' }).ok).toBe(true);
});

test('a clock is read as other programs write it', () => {
  const loaded = loadConfig({ SIAGA_CLOCK: '1700000000000/1391000000000/60' });
  expect(loaded.ok && loaded.config.clock?.speed).toBe(60);
});
