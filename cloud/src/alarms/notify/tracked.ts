/** A notifier around one sending function: never throws, and closing it ends what is under way. */
import type { Address, Notice, Notifier, SendOutcome } from './notifier.ts';

export function tracked(
  name: string,
  deliver: (notice: Notice, to: Address, ended: AbortSignal) => Promise<SendOutcome>,
  onClose: () => Promise<void> = async () => undefined,
): Notifier {
  const ending = new AbortController();
  const underWay = new Set<Promise<SendOutcome>>();
  return {
    name,
    send(notice, to) {
      // Nobody can say how far it went, so it may have been sent.
      const sending = deliver(notice, to, ending.signal).catch(
        (): SendOutcome => ({ state: 'retry', fault: 'failed', afterS: null, maybeSent: true }),
      );
      underWay.add(sending);
      return sending.finally(() => underWay.delete(sending));
    },
    async close() {
      ending.abort();
      await Promise.all(underWay);
      await onClose();
    },
  };
}
