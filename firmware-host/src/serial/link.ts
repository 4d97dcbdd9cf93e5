/**
 * The wire: bytes from one serial line, for as long as the agent runs. A link that breaks is opened
 * again by itself; its owner only hears of it.
 */
import type { LineProblem } from '@siaga/protocol';

export type LinkState = 'open' | 'closed';

export type LinkSettings = {
  /** Device node or a stable link to it, e.g. `/dev/serial/by-id/…`. */
  readonly path: string;
  readonly baudRate: number;
  /** `none` if not given. */
  readonly parity?: 'none' | 'even';
};

/** Called in order, never after `close()` has resolved. `onBytes` hands over bytes that nobody writes again. */
export type LinkEvents = {
  onBytes(bytes: Uint8Array): void;
  /** `problem`: what ails the line, where that is known; told again when it changes, also while the line is open. */
  onState(state: LinkState, reason: string, problem?: LineProblem | null): void;
};

export type SerialLink = {
  state(): LinkState;
  /** How often the line was opened again after it had been open. */
  reopens(): number;
  /** Sends bytes to the sensor. Rejects while the line is closed, and when it takes no bytes for a second. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
};

/** Begins to open the line and returns at once; failures are told by `onState` and tried again. */
export type OpenLink = (settings: LinkSettings, events: LinkEvents) => SerialLink;
