/** The whole API over stores of memory and plausible stand-ins, for its tests: new options are given here once. */
import { Registry } from 'prom-client';
import { testDesk } from './alarms/testing.ts';
import { type ApiOptions, createApi } from './api/app.ts';
import { createStreamHub } from './api/stream-hub.ts';
import {
  accessAs,
  at,
  atMs,
  emptyLog,
  memoryChanges,
  nobodyTold,
  nothingToDeclare,
  plausibleQueries,
  value,
} from './api/testing.ts';
import { silentLog } from './log.ts';
import { createPeople } from './people/index.ts';
import { openMemory } from './store/index.ts';

export async function plausibleApi(over: Partial<ApiOptions> & Pick<ApiOptions, 'web'>) {
  const stores = openMemory();
  const changes = memoryChanges();
  const hub = createStreamHub({
    changes,
    values: () => [{ id: 'katulampa', value }],
    pulse: () => ({ serverTime: at, speed: 1, watermark: null, build: 'test' }),
  });
  const app = await createApi({
    queries: plausibleQueries(),
    hub,
    access: accessAs(),
    desk: (await testDesk(stores)).desk,
    deliveriesOf: () => [],
    telling: nobodyTold,
    declarations: nothingToDeclare,
    shiftLog: emptyLog,
    people: createPeople({ state: stores.state, nowMs: () => atMs }),
    drillOf: () => null,
    origin: null,
    audit: stores.audit,
    registry: new Registry(),
    tilesUrl: 'https://{s}.tile.example/{z}/{x}/{y}.png',
    version: '0.0.0',
    log: silentLog(),
    ...over,
  });
  const close = async () => {
    hub.close();
    await app.close();
    await stores.close();
  };
  return { app, hub, changes, close };
}
