import type { Delta } from '@siaga/protocol';

/** One event of `GET /stream` as it came. */
export type StreamEvent = {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
  readonly realMs: number;
};

/** A client of the live stream that keeps everything it hears. */
export type Watch = {
  readonly events: readonly StreamEvent[];
  /** The deltas so far, in order. */
  deltas(): Delta[];
  close(): void;
};

/** Follows the stream from now on, or from a place; resolves when the server has answered. Ends quietly with the server. */
export async function watchStream(httpUrl: string, from?: string): Promise<Watch> {
  const ending = new AbortController();
  const query = from === undefined ? '' : `?from=${from}`;
  const response = await fetch(`${httpUrl}/api/v1/stream${query}`, { signal: ending.signal });
  if (!response.ok || response.body === null) throw new Error(`GET /stream: ${response.status}`);
  const events: StreamEvent[] = [];
  void follow(response.body, events).catch(() => {});
  return {
    events,
    deltas: () => events.flatMap(({ event, data }) => (event === 'delta' ? [data as Delta] : [])),
    close: () => ending.abort(),
  };
}

async function follow(body: ReadableStream<Uint8Array>, events: StreamEvent[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event !== undefined) events.push(event);
    }
  }
}

function parseEvent(block: string): StreamEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
  }
  const data = fields.get('data');
  if (data === undefined) return undefined;
  const realMs = performance.timeOrigin + performance.now();
  return { event: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data: JSON.parse(data), realMs };
}
