/**
 * When a device needs a receipt. A calm one, that sends a message a minute or an hour, keeps its readings well for
 * some hours more, and a receipt costs its link as much as the reading. So it is told once that receipts will be
 * seldom, and then gets few. Whoever just came, drains a backlog, sends something again, does not know the time, or
 * sent what was refused or a correction, waits for the word and gets it at once.
 */
import { countSeqs, type StationId } from '@siaga/protocol';
import type { IngestOutcome } from './ingest.ts';

export type ReceiptNeed = {
  /** Whether the message's outcome is to be told now. Real ms. */
  message(outcome: IngestOutcome, nowMs: number): boolean;
  /** A device came, or came back. */
  arrived(station: StationId, nowMs: number): void;
  /** A receipt goes now: in how many seconds the next may be expected. `tells`: it tells of rejects or corrections. */
  sent(station: StationId, nowMs: number, tells: boolean): number;
};

export type ReceiptNeedOptions = {
  /** What a device in a hurry is told. */
  readonly busyS: number;
  /** What a calm one is told, and gets. */
  readonly calmS: number;
};

/** After its arrival a device may be in doubt about its own numbers. */
const arrivalMs = 60_000;
/** More messages than this within two windows are no calm cadence, whatever the number of gauges. */
const calmMessages = 8;
const windowMs = 60_000;
/** A message with more readings than an hour has minutes twice over comes from a backlog. */
const calmReadings = 120;
/** A calm device gets its receipt after this share of what it was told: a late message must not make it send again. */
const dueShare = 0.95;

type Device = {
  arrivedMs: number;
  windowFromMs: number;
  before: number;
  now: number;
  calm: boolean;
  toldS: number;
  receiptMs: number;
};

export function createReceiptNeed({ busyS, calmS }: ReceiptNeedOptions): ReceiptNeed {
  const devices = new Map<StationId, Device>();

  const deviceOf = (station: StationId, nowMs: number): Device => {
    const known = devices.get(station);
    if (known) return known;
    const device: Device = {
      arrivedMs: nowMs,
      windowFromMs: nowMs,
      before: 0,
      now: 0,
      calm: false,
      toldS: busyS,
      receiptMs: Number.NEGATIVE_INFINITY,
    };
    devices.set(station, device);
    return device;
  };

  return {
    message({ station, rev, stored, duplicates, rejected, untimed }, nowMs) {
      const device = deviceOf(station, nowMs);
      const windows = Math.floor((nowMs - device.windowFromMs) / windowMs);
      if (windows > 0) {
        device.before = windows === 1 ? device.now : 0;
        device.now = 0;
        device.windowFromMs += windows * windowMs;
      }
      device.now++;
      device.calm =
        rev === 0 &&
        !untimed &&
        duplicates.length === 0 &&
        rejected.length === 0 &&
        countSeqs(stored) <= calmReadings &&
        device.before + device.now <= calmMessages &&
        nowMs - device.arrivedMs >= arrivalMs;
      // Nobody who was promised a receipt soon is left waiting.
      return !device.calm || device.toldS !== calmS || nowMs - device.receiptMs >= calmS * 1_000 * dueShare;
    },
    arrived(station, nowMs) {
      const device = deviceOf(station, nowMs);
      device.arrivedMs = nowMs;
      device.calm = false;
    },
    sent(station, nowMs, tells) {
      const device = deviceOf(station, nowMs);
      device.receiptMs = nowMs;
      // A device takes apart what was refused, and must not think meanwhile that answers take hours.
      device.toldS = device.calm && !tells ? calmS : busyS;
      return device.toldS;
    },
  };
}
