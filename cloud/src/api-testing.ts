/** The whole API over stores of memory and plausible stand-ins, for its tests: new options are given here once. */
import { Registry } from 'prom-client';
import { reportDryRun } from './alarms/dry-run-report.ts';
import { createRuleSet } from './alarms/rules/index.ts';
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
  noFleet,
  nothingToDeclare,
  plausibleQueries,
  value,
} from './api/testing.ts';
import { alarmSettingsFaults } from './fleet/catalogue-faults.ts';
import { catalogueFrom } from './fleet/testing.ts';
import { silentLog } from './log.ts';
import { createPeople } from './people/index.ts';
import { openMemory } from './store/index.ts';

export async function plausibleApi(over: Partial<ApiOptions> & Pick<ApiOptions, 'web'>) {
  const stores = openMemory();
  const catalogue = catalogueFrom();
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
    alarmRules: {
      rules: createRuleSet(catalogue),
      dryRun: (span, alarms) =>
        reportDryRun({ catalogue, readings: stores.readings, scratch: openMemory, ...span }, alarms),
      alarmFaults: (alarms) => alarmSettingsFaults(alarms, catalogue),
    },
    telling: nobodyTold,
    declarations: nothingToDeclare,
    care: noFleet,
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
