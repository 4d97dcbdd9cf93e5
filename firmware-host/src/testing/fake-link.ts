/** A serial line in memory: what is written comes out at the other end at once. */
import type { LinkEvents, LinkState, OpenLink } from '../serial/link.ts';

export type FakeLink = {
  readonly open: OpenLink;
  /** Bytes from the sensor; lost while the line is unplugged or not opened. */
  write(bytes: Uint8Array): void;
  /** What was sent to the sensor. */
  readonly written: Uint8Array[];
  unplug(): void;
  replug(): void;
};

export function createFakeLink(): FakeLink {
  let events: LinkEvents | null = null;
  let state: LinkState = 'closed';
  let reopens = 0;
  const written: Uint8Array[] = [];
  const change = (next: LinkState, reason: string): void => {
    if (!events || state === next) return;
    state = next;
    events.onState(next, reason);
  };
  return {
    open(_settings, given) {
      events = given;
      queueMicrotask(() => change('open', 'opened'));
      return {
        state: () => state,
        reopens: () => reopens,
        async write(bytes) {
          if (state !== 'open') throw new Error('the line is closed');
          written.push(bytes.slice());
        },
        async close() {
          events = null;
          state = 'closed';
        },
      };
    },
    write(bytes) {
      if (state === 'open') events?.onBytes(bytes.slice());
    },
    written,
    unplug: () => change('closed', 'unplugged'),
    replug() {
      reopens++;
      change('open', 'replugged');
    },
  };
}
