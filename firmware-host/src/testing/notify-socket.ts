/** Plays the service manager's ear: a datagram socket of the Unix family, which Node has not, held by Python. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './builders.ts';

/** Like systemd it closes the descriptor that comes with a barrier: systemd-notify waits for that before it ends. */
const listener = `
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
with open(sys.argv[2], 'w', buffering=1) as out:
    out.write('listening\\n')
    while True:
        text, extra, _, _ = s.recvmsg(4096, 4096)
        out.write(text.decode() + '\\n')
        for level, kind, data in extra:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                for fd in array.array('i', data[:len(data) - len(data) % 4]):
                    os.close(fd)
`;

export type NotifySocket = {
  /** For `NOTIFY_SOCKET`. */
  readonly path: string;
  /** All that it was told. */
  heard(): string;
  close(): void;
};

export async function openNotifySocket(folder: string): Promise<NotifySocket> {
  const path = join(folder, 'notify');
  const file = join(folder, 'notify-heard');
  const child = execFile('python3', ['-c', listener, path, file], () => undefined);
  const heard = (): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  await until('the listener stands', () => heard().includes('listening'));
  return { path, heard, close: () => void child.kill('SIGKILL') };
}
