/**
 * What the broker does with a message that it may take: read it, and hand it to who keeps it. The returned
 * promise resolves when the message is durable, wherever that is; what cannot be read goes to quarantine.
 */
import { createHash } from 'node:crypto';
import {
  type About,
  decodeAbout,
  decodeHealth,
  decodeReadings,
  type Health,
  mintStreamId,
  type Parsed,
  type ReadingsBatch,
  type StationId,
  type StreamId,
} from '@siaga/protocol';
import type { Quarantine } from '../ports.ts';
import type { DeviceMessage } from './embedded.ts';

export type IntakeOptions = {
  readonly readings: (batch: ReadingsBatch, message: DeviceMessage, receivedAtMs: number) => Promise<unknown>;
  readonly health: (station: StationId, health: Health, receivedAtMs: number) => Promise<unknown>;
  readonly about: (station: StationId, about: About, receivedAtMs: number) => Promise<unknown>;
  readonly quarantine: Pick<Quarantine, 'put'>;
  /** A message is durably quarantined as malformed: its sender should hear so. */
  readonly rejected: (station: StationId, stream: StreamId, sha256: string) => void;
  readonly nowMs: () => number;
};

export function createIntake(options: IntakeOptions): (message: DeviceMessage) => Promise<void> {
  const { quarantine, rejected, nowMs } = options;

  async function take<T>(
    message: DeviceMessage,
    decoded: Parsed<T>,
    keep: (value: T, atMs: number) => Promise<unknown>,
  ) {
    const receivedAtMs = nowMs();
    if (decoded.ok) {
      await keep(decoded.value, receivedAtMs);
      return;
    }
    const { station, topic, payload } = message;
    const sha256 = createHash('sha256').update(payload).digest('hex');
    const { reason: detail } = decoded;
    await quarantine.put([{ station, topic, reason: 'malformed', detail, payload, sha256, receivedAtMs }]);
    rejected(station, streamWithin(payload) ?? nobody, sha256);
  }

  return (message) => {
    const { station, payload } = message;
    switch (message.kind) {
      case 'readings':
        return take(message, decodeReadings(payload), (batch, atMs) => options.readings(batch, message, atMs));
      case 'health':
        return take(message, decodeHealth(payload), (health, atMs) => options.health(station, health, atMs));
      case 'about':
        return take(message, decodeAbout(payload), (about, atMs) => options.about(station, about, atMs));
    }
  };
}

/** A receipt names a stream; a message that cannot be read may have none. This one is no device's. */
const nobody = mintStreamId();

/** The stream that a malformed message names, if that much of it can be told. */
function streamWithin(payload: Uint8Array): StreamId | undefined {
  const start = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.byteLength, 4096)).toString('latin1');
  return /"stream"\s*:\s*"([a-z2-7]{16})"/.exec(start)?.[1];
}
