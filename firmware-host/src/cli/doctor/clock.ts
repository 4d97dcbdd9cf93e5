import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDateMs } from '../../time/build-date.ts';
import { machineTime, readSigns } from '../../time/signs.ts';
import { span } from '../terminal.ts';
import { type Check, type Finding, fail, pass, warn } from './check.ts';

/** The machine's clock: possible at all, and set by whom. */
export const clock: Check = {
  name: 'clock',
  needs: 'nothing',
  async run({ root, nowMs, status }) {
    const { askTimeService } = machineTime();
    const signs = await readSigns(root, nowMs(), root === '/' ? askTimeService : null);
    const uptimeS = Number((await readFile(join(root, 'proc/uptime'), 'utf8').catch(() => '')).split(' ')[0]);
    const booted = Number.isFinite(uptimeS) ? [pass(`booted ${span(uptimeS * 1_000)} ago`)] : [];
    return [judgeClock(nowMs(), signs.ntp !== null, signs.rtc, status?.clock ?? null), ...booted];
  },
};

/** `agent`: what the running agent makes of the clock; it also learns from the platform's receipts. Pure. */
export function judgeClock(nowMs: number, isSynced: boolean, hasRtc: boolean, agent: string | null): Finding {
  const says = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  if (nowMs < buildDateMs)
    return fail(
      `${says}: before this program was built`,
      'sudo timedatectl set-time "YYYY-MM-DD hh:mm:ss"; is UDP port 123 open? fit an RTC',
    );
  if (isSynced) return pass(`${says}, set by a time server`);
  if (agent === 'synced') return pass(`${says}; the agent knows the true time from the platform`);
  if (hasRtc) return pass(`${says}, by the battery-backed clock (RTC)`);
  return warn(
    `${says}, set by nobody since boot: may be wrong by as long as the power was off`,
    'timedatectl; is UDP port 123 open? The agent marks its readings, and corrects them later',
  );
}
