/**
 * What a UART hears of bytes that were sent at another speed: it waits for a start bit and samples the middle of
 * each bit by its own clock. A byte without a stop bit is dropped, as the kernel does for a line set to IGNPAR.
 */
const idleBits = 3;

export function heardAt(bytes: Uint8Array, sentBaud: number, heardBaud: number): Uint8Array {
  const levels = [...bytes].flatMap((byte) => [
    0,
    ...Array.from({ length: 8 }, (_, i) => (byte >> i) & 1),
    1,
    ...Array.from({ length: idleBits }, () => 1),
  ]);
  const endS = levels.length / sentBaud;
  const levelAt = (s: number) => levels[Math.floor(s * sentBaud)] ?? 1;
  const bitS = 1 / heardBaud;
  const fineS = bitS / 16;
  const heard: number[] = [];
  for (let s = 0; s < endS; ) {
    const isStart = levelAt(s) === 0 && levelAt(s + bitS / 2) === 0;
    if (!isStart) {
      s += fineS;
      continue;
    }
    const value = Array.from({ length: 8 }, (_, i) => levelAt(s + bitS * (1.5 + i)) << i).reduce(
      (sum, bit) => sum | bit,
    );
    s += bitS * 9.5;
    if (levelAt(s) === 1) heard.push(value);
    else while (s < endS && levelAt(s) === 0) s += fineS;
  }
  return Uint8Array.from(heard);
}
