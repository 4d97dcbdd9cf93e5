/** The faithful unplug: the kernel hangs a tty up under whoever has it open, as it does when an adapter is pulled out. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** TIOCVHANGUP (linux asm-generic/ioctls.h: 0x5437). Perl is part of every Debian; Node has no ioctl. Only root may. */
const script = 'sysopen(F, $ARGV[0], 0402) or die "open: $!"; ioctl(F, 0x5437, 0) or die "ioctl: $!"';

export async function hangUp(path: string): Promise<void> {
  await promisify(execFile)('perl', ['-e', script, path]);
}
