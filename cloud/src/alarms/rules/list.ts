import type { Rule } from '../rule.ts';
import { agent } from './agent.ts';
import { blocked } from './blocked.ts';
import { channel } from './channel.ts';
import { duty } from './duty.ts';
import { heartbeat } from './heartbeat.ts';
import { learntLate } from './learnt-late.ts';
import { level } from './level.ts';
import { platform } from './platform.ts';
import { platformSilent } from './platform-silent.ts';
import { pumpStopped } from './pump-stopped.ts';
import { rate } from './rate.ts';
import { sensor } from './sensor.ts';
import { silence } from './silence.ts';

/** Every rule, in the order in which people read of them. Adding one is a file here and a line. */
export const rules: readonly Rule[] = [
  level,
  rate,
  learntLate,
  pumpStopped,
  silence,
  platformSilent,
  blocked,
  sensor,
  agent,
  platform,
  channel,
  duty,
  heartbeat,
];
