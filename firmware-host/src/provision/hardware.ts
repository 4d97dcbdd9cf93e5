import { readFile } from 'node:fs/promises';

/** Where Linux tells a board's serial number: the device tree, and a Raspberry Pi's processor. */
const places = [
  { path: '/sys/firmware/devicetree/base/serial-number', find: /^([A-Za-z0-9._:-]+)/ },
  { path: '/proc/cpuinfo', find: /^Serial\s*:\s*([A-Za-z0-9._:-]+)/m },
] as const;

/** This machine's serial number, null where it has none that can be read. */
export async function hardwareSerial(): Promise<string | null> {
  for (const { path, find } of places) {
    const text = await readFile(path, 'utf8').catch(() => '');
    const serial = find.exec(text)?.[1];
    if (serial !== undefined) return serial.slice(0, 64);
  }
  return null;
}
