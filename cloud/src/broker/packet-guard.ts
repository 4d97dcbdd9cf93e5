/**
 * Follows the boundaries of MQTT packets in a connection's bytes and stops it before its parser
 * collects what it must not: the parser has no limit of its own and would hold 256 MB for one header.
 */
import type { Duplex } from 'node:stream';
import { type Refusal, refusalError } from './refusals.ts';

export type PacketWalker = {
  /** Takes the next bytes; a reason when they may not go on. */
  walk(bytes: Uint8Array): Refusal | undefined;
  /** Whether the bytes so far end within a packet. */
  within(): boolean;
  /** How many packets began so far. */
  begun(): number;
};

const connectHeader = 0x10;

/**
 * MQTT 3.1.1 §2.2: one byte of type and flags, then the remaining length in one to four bytes of seven
 * bits each, lowest first. §3.1: the first packet is CONNECT.
 */
export function packetWalker(maxPacketBytes: number): PacketWalker {
  let begun = 0;
  let headerBytes = 0;
  let declared = 0;
  let remaining = 0;

  function walk(bytes: Uint8Array): Refusal | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (remaining > 0) {
        const skipped = Math.min(remaining, bytes.length - at);
        remaining -= skipped;
        at += skipped;
        continue;
      }
      const byte = bytes[at++] as number;
      if (headerBytes === 0) {
        if (begun === 0 && byte !== connectHeader) return 'not-mqtt';
        begun += 1;
        headerBytes = 1;
        continue;
      }
      declared += (byte & 0x7f) * 128 ** (headerBytes - 1);
      headerBytes += 1;
      if (declared + headerBytes > maxPacketBytes) return 'packet-too-large';
      if ((byte & 0x80) === 0) {
        remaining = declared;
        declared = 0;
        headerBytes = 0;
      } else if (headerBytes > 4) return 'packet-malformed';
    }
    return undefined;
  }

  return { walk, within: () => remaining > 0 || headerBytes > 0, begun: () => begun };
}

export type PacketGuard = {
  /** Real time at which the packet began that is still incomplete; undefined between packets. */
  waitingSinceMs(): number | undefined;
};

/**
 * Sets a walker before whoever takes bytes from `stream` by `read()`, as aedes does. On a fault the
 * stream is destroyed with a refusal and not one more byte is handed on.
 */
export function guardPackets(stream: Duplex, maxPacketBytes: number): PacketGuard {
  const walker = packetWalker(maxPacketBytes);
  const read = stream.read.bind(stream);
  let sinceMs: number | undefined;
  let waitingFor = 0;
  let stopped = false;

  stream.read = (size?: number) => {
    if (stopped) return null;
    const chunk: Buffer | null = read(size);
    if (chunk === null) return null;
    const fault = walker.walk(chunk);
    if (fault !== undefined) {
      stopped = true;
      stream.destroy(refusalError(fault, `limit ${maxPacketBytes} bytes`));
      return null;
    }
    if (!walker.within()) sinceMs = undefined;
    else if (sinceMs === undefined || walker.begun() !== waitingFor) sinceMs = Date.now();
    waitingFor = walker.begun();
    return chunk;
  };

  return { waitingSinceMs: () => sinceMs };
}
