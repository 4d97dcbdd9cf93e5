/**
 * What comes over the lines now: from the agent that runs, else by opening the lines ourselves. The same events
 * either way; readings of our own get no number, for they are stored nowhere.
 */
import { systemClock } from '@siaga/protocol';
import type { AgentConfig } from '../config.ts';
import type { ControlClient } from '../control/client.ts';
import type { TailEvent } from '../control/protocol.ts';
import { type Gauge, openGauge } from '../gauge.ts';
import { openNodeSerial } from '../serial/node-serial.ts';

type Listening = { readonly signal: AbortSignal; onEvent(event: TailEvent): void };

/** Resolves when `signal` aborts, or the agent ends. */
export async function listenLive(
  config: AgentConfig,
  agent: ControlClient | null,
  { signal, onEvent }: Listening,
): Promise<void> {
  if (agent) return agent.tail(onEvent, signal);
  const clock = systemClock();
  const gauges = config.gauges.map((settings): Gauge => {
    const { gauge } = settings;
    const stamp = () => ({ boot: 'none', maintenance: false, clock: 'unsynced' as const });
    let opened: Gauge | null = null;
    const gaugeAtWork = openGauge(
      settings,
      config.sampling,
      { clock, openLink: openNodeSerial, stamp },
      {
        onDraft({ reading, maintenance }) {
          const { observedAtMs, distanceMm, echo, spreadMm, validPercent, flag, test, clock: state } = reading;
          const said = { observedAtMs, distanceMm, echo, spreadMm, validPercent, flag, test, clock: state };
          onEvent({ event: 'reading', gauge, seq: 0, maintenance, ...said });
        },
        onChange(what) {
          const { link, problem } = opened?.status() ?? { link: 'closed', problem: null };
          // A closed line has said why already.
          const ails = 'problem' in what && link === 'open' ? (what.problem ?? 'well again') : null;
          const reason = 'reason' in what ? what.reason : ails;
          if (reason !== null) onEvent({ event: 'line', gauge, atMs: clock.now(), link, reason, problem });
        },
      },
    );
    opened = gaugeAtWork;
    gaugeAtWork.tap(({ bytes, decoded, ...frame }) => {
      const hex = Buffer.from(bytes).toString('hex');
      onEvent({ event: 'heard', gauge, hex, decoded: [...decoded], ...frame });
    });
    return gaugeAtWork;
  });
  await new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.all(gauges.map((gauge) => gauge.stop()));
}
