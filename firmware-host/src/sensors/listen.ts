/**
 * One sensor at its line: what it says by itself, or what it answers when it is asked. The gauge hands over
 * the line's bytes and gets what they mean; whom to ask, and when, is decided here.
 *
 * Every byte is accounted for: those in are those of frames, those discarded, and those that wait (`pendingBytes`).
 * A question that stays without an answer, or gets a broken one, is a bad frame.
 */
import type { FramerCounts } from '../serial/framer.ts';
import { createFramer } from '../serial/framer.ts';
import type { SerialLink } from '../serial/link.ts';
import type { Decoded, Dialogue, SensorDriver } from './driver.ts';

/** What the line gave since the last call. */
export type Heard = {
  readonly bytes: number;
  readonly badFrames: number;
  readonly discardedBytes: number;
  readonly decoded: readonly Decoded[];
};

export type Listener = {
  /** Takes bytes from the line; `onHeard` is called before it returns, or when a poll that they answer ends. */
  push(bytes: Uint8Array): void;
  counts(): FramerCounts;
  /** Bytes held back because they may begin a frame, or because the poll they came in has not ended. */
  pendingBytes(): number;
  close(): void;
};

type Line = Pick<SerialLink, 'write' | 'state'>;
type OnHeard = (heard: Heard) => void;
type Of<K extends Dialogue['kind']> = Extract<Dialogue, { kind: K }>;

/** Listens to a sensor. `onHeard` may come at any time until `close`. */
export function listen({ dialogue }: Pick<SensorDriver, 'dialogue'>, line: Line, onHeard: OnHeard): Listener {
  switch (dialogue.kind) {
    case 'speaks':
      return listenTo(dialogue, onHeard);
    case 'asked':
      return ask(dialogue, line, onHeard);
    case 'polled':
      return poll(dialogue, line, onHeard);
  }
}

function listenTo({ frames, decode }: Pick<Of<'speaks'>, 'frames' | 'decode'>, onHeard: OnHeard): Listener {
  const framer = createFramer(frames);
  return {
    push(bytes) {
      const before = framer.counts();
      const found = framer.push(bytes);
      const after = framer.counts();
      onHeard({
        bytes: bytes.length,
        badFrames: after.badFrames - before.badFrames,
        discardedBytes: after.discardedBytes - before.discardedBytes,
        decoded: found.map(decode),
      });
    },
    counts: framer.counts,
    pendingBytes: framer.pendingBytes,
    close: () => undefined,
  };
}

function ask(dialogue: Of<'asked'>, line: Line, onHeard: OnHeard): Listener {
  const answers = listenTo(dialogue, onHeard);
  let unanswered = 0;
  /** Frames, good and broken, that had come when the question went out; null when none went. */
  let heardBefore: number | null = null;
  const heardFrames = () => answers.counts().frames + answers.counts().badFrames;

  const timer = setInterval(() => {
    if (heardBefore !== null && heardFrames() === heardBefore) {
      unanswered++;
      onHeard({ bytes: 0, badFrames: 1, discardedBytes: 0, decoded: [] });
    }
    heardBefore = null;
    if (line.state() !== 'open') return;
    heardBefore = heardFrames();
    // What the line does not take is not answered either, and counted so.
    line.write(dialogue.ask).catch(() => undefined);
  }, dialogue.everyMs);
  return {
    ...answers,
    counts() {
      const { badFrames, ...rest } = answers.counts();
      return { ...rest, badFrames: badFrames + unanswered };
    },
    close: () => clearInterval(timer),
  };
}

function poll({ everyMs, open }: Of<'polled'>, line: Line, onHeard: OnHeard): Listener {
  let onBytes: (bytes: Uint8Array) => void = () => undefined;
  let closed = false;
  let bytesIn = 0;
  let counts: FramerCounts = { frames: 0, badFrames: 0, discardedBytes: 0 };
  const poller = open({
    write: (bytes) => line.write(bytes),
    listen(given) {
      onBytes = given;
    },
  });

  const tell = (decoded: readonly Decoded[], frameBytes: number, badFrames: number): void => {
    const [bytes, discardedBytes] = [bytesIn, bytesIn - frameBytes];
    bytesIn = 0;
    counts = {
      frames: counts.frames + 1 - badFrames,
      badFrames: counts.badFrames + badFrames,
      discardedBytes: counts.discardedBytes + discardedBytes,
    };
    onHeard({ bytes, badFrames, discardedBytes, decoded });
  };
  const once = async (): Promise<void> => {
    if (line.state() === 'open') {
      const answer = await poller.poll().catch(() => null);
      if (closed) return;
      if (answer) tell(answer.decoded, answer.bytes, 0);
      else tell([], 0, 1);
    }
    timer = setTimeout(once, everyMs);
  };
  let timer = setTimeout(once, everyMs);
  return {
    push(bytes) {
      bytesIn += bytes.length;
      onBytes(bytes);
    },
    counts: () => counts,
    pendingBytes: () => bytesIn,
    close() {
      closed = true;
      clearTimeout(timer);
      poller.close();
    },
  };
}
