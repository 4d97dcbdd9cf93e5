import { execFile } from 'node:child_process';
import { textOf } from './files.ts';

/**
 * A Raspberry Pi's throttled bits: from the firmware's file where the kernel has it, else from `vcgencmd`; null on
 * other machines.
 */
export async function throttledBits(
  root: string,
  ask: () => Promise<string | null> = askFirmware,
): Promise<number | null> {
  const text = await textOf(root, 'sys/devices/platform/soc/soc:firmware/get_throttled');
  return bitsIn(text) ?? bitsIn(await ask());
}

/** `50005` in the file, `throttled=0x50005` from the program. */
function bitsIn(text: string | null): number | null {
  const digits = text?.match(/^(?:throttled=)?(?:0x)?([0-9a-f]{1,5})$/i)?.[1];
  return digits === undefined ? null : Number.parseInt(digits, 16);
}

let hasProgram = true;

/** Without the program it is not looked for again. */
function askFirmware(): Promise<string | null> {
  if (!hasProgram) return Promise.resolve(null);
  return new Promise((resolve) => {
    execFile('vcgencmd', ['get_throttled'], { timeout: 5_000 }, (error, stdout) => {
      if (error && 'code' in error && error.code === 'ENOENT') hasProgram = false;
      resolve(error ? null : stdout.trim());
    });
  });
}
