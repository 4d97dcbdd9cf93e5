/** The doctor's checks in the order in which they are told. A new one is its file and a line here. */
import { agent } from './agent.ts';
import { backlog } from './backlog.ts';
import { broker } from './broker.ts';
import { calibration } from './calibration.ts';
import { certificates } from './certificates.ts';
import type { Check } from './check.ts';
import { clock } from './clock.ts';
import { dataFolder } from './data-folder.ts';
import { heat } from './heat.ts';
import { memory } from './memory.ts';
import { network } from './network.ts';
import { port } from './port.ts';
import { puback } from './puback.ts';
import { rivals } from './rivals.ts';
import { sensor } from './sensor.ts';
import { service } from './service.ts';
import { settings } from './settings.ts';

export const checks: readonly Check[] = [
  settings,
  service,
  agent,
  dataFolder,
  backlog,
  clock,
  heat,
  memory,
  port,
  rivals,
  sensor,
  calibration,
  certificates,
  network,
  broker,
  puback,
];
