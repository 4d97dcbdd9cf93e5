/** The messages under way, and for a while those that are done with. */
import type { Sent } from './window.ts';

export type UnderWay = {
  all(): readonly Sent[];
  /** By payload hash, also those that are done with: a rejection may come in a later receipt than the settlement. */
  known(): ReadonlyMap<string, Sent>;
  add(message: Sent): void;
  find(sha256: string): Sent | undefined;
  change(how: (message: Sent) => Sent): void;
  replace(messages: readonly Sent[]): void;
  /** They take no room any more; their hashes stay known for a while. */
  done(messages: readonly Sent[]): void;
  /** As if they had never been. */
  forget(hashes: ReadonlySet<string>): void;
  clear(): void;
};

const rememberedMessages = 128;

export function createUnderWay(): UnderWay {
  let sent: readonly Sent[] = [];
  let remembered: readonly Sent[] = [];
  return {
    all: () => sent,
    known: () => new Map([...remembered, ...sent].map((message) => [message.sha256, message])),
    add(message) {
      sent = [...sent, message];
    },
    find: (hash) => sent.find(({ sha256 }) => sha256 === hash),
    change(how) {
      sent = sent.map(how);
    },
    replace(messages) {
      sent = messages;
    },
    done(messages) {
      if (messages.length === 0) return;
      sent = sent.filter((other) => !messages.includes(other));
      remembered = [...remembered, ...messages].slice(-rememberedMessages);
    },
    forget(hashes) {
      sent = sent.filter(({ sha256 }) => !hashes.has(sha256));
      remembered = remembered.filter(({ sha256 }) => !hashes.has(sha256));
    },
    clear() {
      sent = [];
      remembered = [];
    },
  };
}
