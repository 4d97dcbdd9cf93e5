/** Whether a technician is at work. It outlives restarts and power cuts, and ends by itself. */
import type { Logger } from 'pino';
import { Type } from 'typebox';
import { agentError } from '../errors.ts';
import { type Now, remainingMs, type Span, Span as SpanSchema, spanFrom } from './span.ts';
import { openStateFile } from './state-file.ts';

export type Maintenance = {
  isOn(): boolean;
  /** Until when, ms of the agent's clock; null when nobody is at work. */
  untilMs(): number | null;
  /** Begins, prolongs or (`null`, or a time that has passed) ends it. Rejects with `control-refused` beyond a day. */
  set(untilMs: number | null, by: string | null): Promise<void>;
  stop(): void;
};

const longestMs = 24 * 3_600_000;
const State = Type.Union([
  Type.Object({ span: SpanSchema, by: Type.Union([Type.String(), Type.Null()]) }),
  Type.Null(),
]);

export async function openMaintenance(options: {
  readonly path: string;
  readonly now: () => Now;
  readonly log: Logger;
  readonly onChange: () => void;
}): Promise<Maintenance> {
  const { path, now, log, onChange } = options;
  const file = await openStateFile(path, State, log);
  let span: Span | null = file.held?.span ?? null;
  let timer: NodeJS.Timeout | null = null;

  const restMs = () => (span === null ? 0 : remainingMs(span, now()));
  const watch = (): void => {
    if (timer) clearTimeout(timer);
    timer = span === null ? null : setTimeout(end, Math.min(Math.ceil(restMs()) + 1, longestMs));
  };
  const end = (): void => {
    if (restMs() > 0) {
      watch();
      return;
    }
    span = null;
    log.info('maintenance has ended');
    file.save(null);
    onChange();
  };
  if (span !== null) watch();

  return {
    isOn: () => restMs() > 0,
    untilMs: () => (restMs() > 0 ? now().ms + restMs() : null),
    async set(untilMs, by) {
      const lengthMs = untilMs === null ? 0 : untilMs - now().ms;
      if (lengthMs > longestMs) throw agentError('control-refused', 'maintenance lasts a day at most');
      span = lengthMs > 0 ? spanFrom(now(), lengthMs) : null;
      watch();
      log.info(
        { minutes: Math.round(Math.max(0, lengthMs) / 60_000), by },
        span ? 'maintenance' : 'maintenance has ended',
      );
      await file.save(span === null ? null : { span, by });
      onChange();
    },
    stop() {
      if (timer) clearTimeout(timer);
    },
  };
}
