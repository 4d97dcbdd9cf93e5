/**
 * A modem's serial line over `serialport`'s binding, without its stream: the stream's reader spins for ever on a
 * hung-up tty (serialport/bindings-cpp issue 162). The descriptor does not block; 0 bytes mean that the line is gone.
 */
import { readSync } from 'node:fs';
import { SerialPort } from 'serialport';
import { codeOf } from '../faults.ts';

export type ModemLine = {
  write(text: string): Promise<void>;
  close(): Promise<void>;
};
type Port = Awaited<ReturnType<typeof SerialPort.binding.open>>;
type DescriptorPort = Extract<Port, { poller: unknown }>;

const readBytes = 4096;

/** Opening sets DTR, closing drops it: many a hung modem resets by that. Rejects when it cannot be opened. */
export async function openModemLine(
  path: string,
  baudRate: number,
  onText: (text: string) => void,
  onLost: () => void,
): Promise<ModemLine> {
  const port = await SerialPort.binding.open({ path, baudRate });
  const reading = readAll(port, onText).catch(() => undefined);
  let closing = false;
  void reading.then(() => {
    if (!closing) onLost();
  });
  return {
    write: (text) => port.write(Buffer.from(text, 'latin1')),
    async close() {
      closing = true;
      if (port.isOpen) await port.close().catch(() => undefined);
      await reading;
    },
  };
}

async function readAll(port: Port, onText: (text: string) => void): Promise<void> {
  const buffer = Buffer.alloc(readBytes);
  const byDescriptor = 'poller' in port && 'fd' in port;
  while (port.isOpen) {
    const count = byDescriptor ? readNow(port, buffer) : (await port.read(buffer, 0, readBytes)).bytesRead;
    if (count === 0) return;
    if (count !== null) onText(buffer.toString('latin1', 0, count));
    if (byDescriptor && (await readable(port)) !== null) return;
  }
}

/** Bytes read, 0 for a hung-up line, null when there are none now. */
function readNow(port: DescriptorPort, buffer: Buffer): number | null {
  if (port.fd === null) return 0;
  try {
    return readSync(port.fd, buffer, 0, buffer.length, null);
  } catch (error) {
    return ['EAGAIN', 'EWOULDBLOCK', 'EINTR'].includes(codeOf(error)) ? null : 0;
  }
}

function readable(port: DescriptorPort): Promise<Error | null> {
  return new Promise((resolve) => {
    port.poller.once('readable', resolve);
  });
}
