/** Tells an independent watcher, every minute of real time, that all is well here. Its silence is the watcher's alarm. */
import { decodeJson, encodeJson } from '@siaga/protocol';
import { exchange } from '../alarms/notify/exchange.ts';
import type { NetworkSettings } from '../alarms/notify/settings.ts';
import type { AuditLog } from '../ports.ts';
import { type Beat, parseBeatAnswer } from './beat.ts';

export type HeartbeatSettings = { readonly url: string; readonly token: string | null; readonly everyS: number };

export type Heartbeat = {
  /** Why the watcher could not be told the last time; null while it could, and before the first. */
  fault(): string | null;
  close(): Promise<void>;
};

export function startHeartbeat(options: {
  readonly settings: HeartbeatSettings;
  readonly network: NetworkSettings;
  readonly look: () => Promise<Omit<Beat, 'audit' | 'proof'>>;
  readonly audit: Pick<AuditLog, 'head' | 'since'>;
  readonly onFault?: (fault: string) => void;
}): Heartbeat {
  const { settings, network, look, audit, onFault = () => {} } = options;
  const url = new URL(settings.url);
  const ended = new AbortController();
  let fault: string | null = null;
  let known: number | undefined;
  let running: Promise<void> | undefined;

  async function beat(): Promise<void> {
    // The line that the watcher knows comes first: what is appended meanwhile only makes the head newer.
    const [line] = known === undefined || known === 0 ? [] : await audit.since(known - 1, 1);
    const proof = line === undefined || line.no !== known ? null : { no: line.no, hash: line.hash };
    const body: Beat = { ...(await look()), audit: await audit.head(), proof };
    const answer = await exchange(
      {
        url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(settings.token === null ? {} : { authorization: `Bearer ${settings.token}` }),
        },
        body: encodeJson(body),
        foreign: false,
      },
      network,
      ended.signal,
    );
    if (answer.kind === 'failed') return told(answer.fault);
    if (answer.status < 200 || answer.status > 299) return told(`it answered ${answer.status}`);
    const said = decodeJson(Buffer.from(answer.body), parseBeatAnswer);
    known = said.ok ? said.value.knows.no : undefined;
    told(null);
  }

  function told(next: string | null): void {
    if (next !== null && next !== fault && !ended.signal.aborted) onFault(next);
    fault = next;
  }

  function begin(): void {
    running ??= beat()
      .catch((error: unknown) => told(error instanceof Error ? error.message : String(error)))
      .finally(() => {
        running = undefined;
      });
  }

  const timer = setInterval(begin, settings.everyS * 1000);
  begin();
  return {
    fault: () => fault,
    async close() {
      clearInterval(timer);
      ended.abort();
      await running;
    },
  };
}
