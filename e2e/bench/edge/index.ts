/** The field agent's bench: its parts in order, each in its own file. */
import type { Row, Suite } from '../report.ts';
import { benchBlackHole } from './black-hole.ts';
import { benchDrain } from './drain.ts';
import { benchFlags } from './flags.ts';
import { benchFullDisk } from './full-disk.ts';
import { benchInstalled } from './installed.ts';
import { benchNoise } from './noise.ts';
import { benchTorn } from './torn.ts';
import { benchUnplug } from './unplug.ts';
import { benchWireBytes } from './wire-bytes.ts';
import { benchWrongClock } from './wrong-clock.ts';
import { benchYear } from './year.ts';

/** Adding a part is adding a line. */
const parts: readonly Suite[] = [
  benchFlags,
  benchNoise,
  benchUnplug,
  benchWrongClock,
  benchTorn,
  benchFullDisk,
  benchYear,
  benchDrain,
  benchBlackHole,
  benchWireBytes,
  benchInstalled,
];

export const benchEdge: Suite = async (say) => {
  const rows: Row[] = [];
  for (const part of parts) rows.push(...(await part(say)));
  return rows;
};
