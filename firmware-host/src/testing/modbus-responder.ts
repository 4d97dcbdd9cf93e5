/**
 * The sensor's side of Modbus RTU, as little as a gauge needs: answers reads of registers (functions 3 and 4). Its
 * CRC is its own, so that it also proves the library's. Source: Modbus over serial line v1.02, "CRC generation".
 */

/** The value of a register (0–65535) by its address on the wire; undefined where there is none. */
type Registers = (address: number) => number | undefined;

const requestLength = 8;
const illegalFunction = 1;
const illegalAddress = 2;

/** Takes what the master sends, in pieces as they come, and gives the answers it owes. Other units' requests pass. */
export function modbusResponder(unit: number, registers: Registers): (bytes: Uint8Array) => Uint8Array[] {
  let pending: number[] = [];
  return (bytes) => {
    pending.push(...bytes);
    const answers: Uint8Array[] = [];
    while (pending.length >= requestLength) {
      const request = Uint8Array.from(pending.slice(0, requestLength));
      if (!proven(request)) {
        pending = pending.slice(1);
        continue;
      }
      pending = pending.slice(requestLength);
      if (request[0] === unit) answers.push(answerTo(request, registers));
    }
    return answers;
  };
}

/** An answer that brings registers, each 0–65535. */
export function modbusAnswer(unit: number, code: number, registers: readonly number[]): Uint8Array {
  return sealed([unit, code, 2 * registers.length, ...registers.flatMap((value) => [value >> 8, value & 0xff])]);
}

/** A refusal: 1 no such function, 2 no such register. */
function modbusRefusal(unit: number, code: number, reason: number): Uint8Array {
  return sealed([unit, code | 0x80, reason]);
}

function answerTo(request: Uint8Array, registers: Registers): Uint8Array {
  const view = new DataView(request.buffer);
  const [unit, code] = [view.getUint8(0), view.getUint8(1)];
  if (code !== 3 && code !== 4) return modbusRefusal(unit, code, illegalFunction);
  const values = Array.from({ length: view.getUint16(4) }, (_, i) => registers(view.getUint16(2) + i));
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length && known.length > 0
    ? modbusAnswer(unit, code, known)
    : modbusRefusal(unit, code, illegalAddress);
}

function sealed(bytes: readonly number[]): Uint8Array {
  const crc = crc16(bytes);
  return Uint8Array.of(...bytes, crc & 0xff, crc >> 8);
}

function proven(frame: Uint8Array): boolean {
  return crc16(frame.subarray(0, -2)) === new DataView(frame.buffer).getUint16(frame.length - 2, true);
}

function crc16(bytes: Iterable<number>): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}
