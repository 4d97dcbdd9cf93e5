/** What the fakes have in common: each is a real server of its channel's protocol, and can go wrong in every way. */
import type { Address, NotifierKind } from '../notifier.ts';

/**
 * `gone`: the address is refused for ever. `busy`: come back later. `error`: a failure inside, nothing taken.
 * `hang`: everything is read, nothing is answered nor taken. `cut`: it is taken, and then the line is lost.
 * `slow`: taken, answered after `slowMs`. `down`: nobody is there; the place stays the same.
 */
export type FakeFault = 'none' | 'gone' | 'busy' | 'error' | 'hang' | 'cut' | 'slow' | 'down';

export const slowMs = 60;

/** A message as the other side understood it. */
export type Arrived = {
  readonly address: Address;
  /** All that a person would read. */
  readonly text: string;
  /** Marked as an exercise by a field of the protocol, or, where it has none, by the mark in front. */
  readonly drill: boolean;
  /** By what the other side can know the same message again; null where the protocol carries nothing. */
  readonly key: string | null;
};

export type FakeChannel = {
  readonly kind: NotifierKind;
  /** Settings under which the channel speaks to this fake. */
  readonly env: Readonly<Record<string, string>>;
  /** Addresses that it takes. */
  readonly address: Address;
  readonly otherAddress: Address;
  /** What must appear in no fault. */
  readonly secrets: readonly string[];
  /** What `busy` asks for; null where the protocol cannot say. */
  readonly busyAfterS: number | null;
  /** In the order of arrival; each repeat is one more. */
  arrived(): readonly Arrived[];
  /** From now on. `down` resolves when nobody listens any more, the others when somebody does. */
  set(fault: FakeFault): Promise<void>;
  /** Open connections. */
  connections(): number;
  close(): Promise<void>;
};
