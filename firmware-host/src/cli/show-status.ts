import { agentAt } from '../control/client.ts';
import type { ControlStatus } from '../control/protocol.ts';
import { agentError } from '../errors.ts';
import { settingsOrFaults } from './settings-file.ts';
import { span } from './terminal.ts';

export async function showStatus({ config: path, json }: { config?: string; json?: boolean }): Promise<void> {
  const { config } = await settingsOrFaults(path, process.env);
  const agent = await agentAt(config.data);
  if (agent === null)
    throw agentError(
      'control-refused',
      `no agent runs on ${config.data}\nstart it: systemctl start siaga-agent, or: siaga-agent run --config …`,
    );
  const now = await agent.status();
  process.stdout.write(json ? `${JSON.stringify(now)}\n` : `${statusText(now).join('\n')}\n`);
}

/** One line a matter. Pure. */
function statusText(now: ControlStatus): string[] {
  const ago = (atMs: number | null) => (atMs === null ? 'never' : `${span(now.nowMs - atMs)} ago`);
  const { uplink, cadence } = now;
  const waiting =
    now.backlog === 0 ? 'none wait' : `${now.backlog} wait, the oldest from ${ago(now.oldestWaitingAtMs)}`;
  return [
    `${now.station}  version ${now.version}, process ${now.pid}, up ${span(now.nowMs - now.startedAtMs)}`,
    `clock      ${now.clock}`,
    ...(cadence
      ? [`cadence    every ${cadence.sampleS} s, reported every ${cadence.reportS} s (${cadence.reason})`]
      : []),
    ...(now.maintenanceUntilMs === null ? [] : [`maintenance for ${span(now.maintenanceUntilMs - now.nowMs)} more`]),
    `readings   ${now.stored} stored in this run, ${now.notStored} not; ${now.lost} lost; ${waiting}`,
    uplink === null
      ? 'uplink     none: readings are only kept'
      : `uplink     ${uplink.url} ${uplink.connected ? 'connected' : `not connected${uplink.reason ? `: ${uplink.reason}` : ''}`}, ${uplink.reconnects} reconnects`,
    ...now.gauges.flatMap((gauge) => [
      `gauge ${gauge.gauge}  ${gauge.sensor} at ${gauge.port}: ${gauge.link}${gauge.problem ? `, ${gauge.problem}` : ''}`,
      `           ${gauge.frames} frames, ${gauge.badFrames} bad, ${gauge.discardedBytes} bytes discarded; last ${ago(gauge.lastFrameAtMs)}`,
      ...(gauge.identity.length === 0 ? [] : [`           says of itself: ${gauge.identity.join(' ')}`]),
      ...gauge.advice.map((advice) => `           ${advice}`),
    ]),
  ];
}
