/**
 * A thermometer that Linux gives as a file: 1-wire (`/sys/bus/w1/devices/28-…/temperature`, or `w1_slave` of older
 * kernels), hwmon (`temp1_input`) or iio (`in_temp_input`), all in thousandths of a degree Celsius. Asking a
 * 1-wire probe takes it most of a second, so it is read beside the readings, at most once a minute.
 */
import { readFile } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../errors.ts';
import { monotonicMs } from '../wait.ts';

export type Thermometer = {
  /** Tenths of a degree Celsius; null when nothing was read for an hour. */
  deciC(): number | null;
  /** What ails it, as a sentence that names the file; null when it is well. */
  fault(): string | null;
};

type Sources = {
  readonly read?: (path: string) => Promise<string>;
  readonly nowMs?: () => number;
  /** Told when its fault comes, changes or goes. */
  readonly onFault?: (fault: string | null) => void;
};

const leastEveryMs = 60_000;
/** The air over water moves by a degree or two in this time: 3 mm a metre, less than none at all would be off. */
const validMs = 3_600_000;
const milliDegrees = { least: -60_000, most: 85_000 };

/** Opens a thermometer and asks it at once. It holds nothing open and keeps nothing alive. */
export function openThermometer(
  path: string,
  { read = (file) => readFile(file, 'utf8'), nowMs = monotonicMs, onFault = () => undefined }: Sources = {},
): Thermometer {
  let known: { deciC: number; atMs: number } | null = null;
  let fault: string | null = null;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let asking = false;

  const tell = (next: string | null): void => {
    if (next === fault) return;
    fault = next;
    onFault(next);
  };
  const ask = async (): Promise<void> => {
    asking = true;
    const text = await read(path).catch((error) => new Error(unreadable(error)));
    const got = text instanceof Error ? { fault: text.message } : parseTemperature(text);
    asking = false;
    if ('deciC' in got) known = { deciC: got.deciC, atMs: nowMs() };
    tell('fault' in got ? `temperature: ${path} ${got.fault}` : null);
  };
  const askIfDue = (): void => {
    if (nowMs() - askedAtMs < leastEveryMs) return;
    // A read that hangs keeps one of the few threads that also write readings: there is never a second one.
    if (asking) {
      tell(`temperature: ${path} does not answer; look at the wires of the probe`);
      return;
    }
    askedAtMs = nowMs();
    void ask();
  };
  askIfDue();
  return {
    deciC() {
      askIfDue();
      return known !== null && nowMs() - known.atMs < validMs ? known.deciC : null;
    },
    fault: () => fault,
  };
}

/** Reads what such a file holds. */
export function parseTemperature(text: string): { deciC: number } | { fault: string } {
  const match = /^\s*(-?\d{1,6})\s*$/.exec(text) ?? /\bt=(-?\d{1,6})\b/.exec(text);
  if (/\bNO$/m.test(text))
    return { fault: 'says that its checksum is wrong; look at the wires of the probe and their length' };
  if (!match) return { fault: 'holds no temperature in thousandths of a degree' };
  const milliC = Number(match[1]);
  // A DS18B20 that lost its supply says this until it has measured again (data sheet, "Temperature register").
  if (milliC === 85_000)
    return { fault: 'says 85 °C, the value of a 1-wire probe at power-up; look at its supply wire' };
  if (milliC < milliDegrees.least || milliC > milliDegrees.most)
    return { fault: `says ${milliC / 1_000} °C, which no air has; is it in thousandths of a degree?` };
  return { deciC: Math.round(milliC / 100) };
}

function unreadable(error: unknown): string {
  const code = systemCodeOf(error);
  if (code === 'ENOENT')
    return 'is not there; look at the wires of the probe and whether its driver is on (dtoverlay=w1-gpio)';
  if (code === 'EACCES') return 'may not be read by this user';
  return `cannot be read: ${messageOf(error)}`;
}
