import { span } from '../terminal.ts';
import { type Check, type Finding, fail, pass, warn } from './check.ts';

/** Whether an agent runs on the data folder, and what it says of itself. */
export const agent: Check = {
  name: 'agent',
  needs: 'settings',
  async run({ status, refusal }) {
    if (refusal !== null)
      return [fail(refusal, 'sudo siaga-agent doctor; if that is no help: systemctl restart siaga-agent')];
    if (status === null)
      return [warn('no agent runs here', 'sudo systemctl start siaga-agent (doctor opens the lines itself meanwhile)')];
    const { version, pid, startedAtMs, nowMs, notStored, lost, maintenanceUntilMs } = status;
    const findings: Finding[] = [pass(`version ${version}, process ${pid}, up ${span(nowMs - startedAtMs)}`)];
    if (notStored > 0)
      findings.push(
        fail(`${notStored} readings of this run were not stored`, 'see to the disk: room, and errors in dmesg'),
      );
    if (lost > 0)
      findings.push(
        warn(`${lost} readings could not be kept and are declared lost`, 'see to the disk: room, and errors in dmesg'),
      );
    if (maintenanceUntilMs !== null && maintenanceUntilMs > nowMs)
      findings.push(
        warn(
          `under maintenance for ${span(maintenanceUntilMs - nowMs)} more: its readings judge nothing`,
          'when you are done: siaga-agent maintenance off',
        ),
      );
    return findings;
  },
};
