import { agentAt } from '../control/client.ts';
import type { TailEvent } from '../control/protocol.ts';
import { agentError } from '../errors.ts';
import { dump, meaning, readingText, timeText } from './event-text.ts';
import { listenLive } from './live.ts';
import { settingsOrFaults } from './settings-file.ts';
import { type Paint, paintFor } from './terminal.ts';

/** A day. Far beyond it Node's timers would end at once. */
const longestS = 86_400;

export type TailOptions = { config?: string; gauge?: string; seconds?: number; json?: boolean };

export async function showTail({ config: path, gauge, seconds, json }: TailOptions): Promise<void> {
  const { config } = await settingsOrFaults(path, process.env);
  const known = config.gauges.map((each) => each.gauge);
  if (gauge !== undefined && !known.includes(gauge))
    throw agentError('config-invalid', `--gauge ${gauge}: the settings know ${known.join(', ')}`);
  if (seconds !== undefined && !(seconds > 0 && seconds <= longestS))
    throw agentError('config-invalid', `--seconds: must be above 0, at most ${longestS}`);
  const agent = await agentAt(config.data);
  const ending = new AbortController();
  const end = () => ending.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  const timer = seconds === undefined ? null : setTimeout(end, seconds * 1_000);
  const paint = paintFor(process.stdout, process.env);
  if (!json)
    process.stderr.write(
      agent ? 'from the running agent; Ctrl-C ends this\n' : 'no agent runs: opening the lines; Ctrl-C ends this\n',
    );
  await listenLive(config, agent, {
    signal: ending.signal,
    onEvent(event) {
      if (gauge !== undefined && event.gauge !== gauge) return;
      process.stdout.write(json ? `${JSON.stringify(event)}\n` : `${eventText(event, known.length > 1, paint)}\n`);
    },
  });
  if (timer) clearTimeout(timer);
  process.removeListener('SIGINT', end);
  process.removeListener('SIGTERM', end);
  if (agent && !ending.signal.aborted) process.stderr.write('the agent has ended\n');
}

function eventText(event: TailEvent, isNamed: boolean, paint: Paint): string {
  const name = isNamed ? `${event.gauge}  ` : '';
  if (event.event === 'reading')
    return paint('bold', `${timeText(event.observedAtMs)}  ${name}READING ${readingText(event)}`);
  const head = `${timeText(event.atMs)}  ${name}`;
  if (event.event === 'line') return paint('yellow', `${head}line ${event.link}: ${event.reason}`);
  return `${head}${dump(event.hex)}  ${paint('cyan', meaning(event))}`;
}
