/**
 * A port for the Modbus library over a line that is ours: it opens no device. It hands the library one answer at a
 * time, found by the unit and function that were asked among whatever else is on the line; the library proves it by
 * its CRC.
 */
import { EventEmitter } from 'node:events';
import type { BusLine } from '../driver.ts';

const exceptionLength = 5;
const headLength = 3;
const requestCountAt = 4;
/** Unit, function, count of bytes; then CRC. */
const aroundRegisters = 5;
const longestAnswer = 256;

export type ModbusPort = EventEmitter & {
  readonly isOpen: boolean;
  open(done: (error: Error | null) => void): void;
  close(done?: (error: Error | null) => void): void;
  write(request: Uint8Array): void;
};

/** `onAnswer` is told the length of each answer that goes to the library. */
export function modbusPort(line: BusLine, onAnswer: (bytes: number) => void): ModbusPort {
  let request: Uint8Array | null = null;
  let heard: Uint8Array = new Uint8Array(0);

  const port = Object.assign(new EventEmitter(), {
    isOpen: true,
    open: (done: (error: Error | null) => void) => done(null),
    close: (done?: (error: Error | null) => void) => done?.(null),
    write(bytes: Uint8Array) {
      request = bytes;
      heard = new Uint8Array(0);
      // A line that takes nothing gives no answer: the library's own time limit says so.
      line.write(bytes).catch(() => undefined);
    },
  });
  line.listen((bytes) => {
    if (!request) return;
    heard = Buffer.concat([heard, bytes]).subarray(-longestAnswer);
    const answer = answerTo(request, heard);
    if (!answer) return;
    request = null;
    onAnswer(answer.length);
    port.emit('data', Buffer.from(answer));
  });
  return port;
}

/** The first whole answer in what was heard; null while there is none. */
function answerTo(request: Uint8Array, heard: Uint8Array): Uint8Array | null {
  const whole = aroundRegisters + 2 * (request[requestCountAt + 1] ?? 0);
  // An RS-485 adapter may give back what was sent.
  const from = startsWith(heard, request) ? request.length : 0;
  for (let at = from; at + headLength <= heard.length; at++) {
    const [unit, code, count] = heard.subarray(at, at + headLength);
    if (unit !== request[0]) continue;
    const refused = code === ((request[1] as number) | 0x80);
    const answers = code === request[1] && count === whole - aroundRegisters;
    if (!refused && !answers) continue;
    const length = refused ? exceptionLength : whole;
    // With an echo not yet whole, an answer's head may be the echo's own.
    if (at === 0 && !refused && startsWith(request, heard)) return null;
    return at + length <= heard.length ? heard.subarray(at, at + length) : null;
  }
  return null;
}

function startsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  return beginning.length <= bytes.length && beginning.every((byte, i) => bytes[i] === byte);
}
