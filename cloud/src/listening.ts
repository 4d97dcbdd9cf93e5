import { once } from 'node:events';
import { createServer } from 'node:net';
import { platformError, systemCode } from './errors.ts';

/** Runs `listen`; says a failure in one sentence with the variable to change. */
export async function listening<T>(
  what: string,
  variable: string,
  port: number,
  host: string,
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EADDRINUSE')
      throw platformError(
        'port-taken',
        `${what} port ${port} on ${host} is taken by another program: stop that, or set ${variable} to another port.`,
        error,
      );
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw platformError(
        'port-refused',
        `${what} cannot listen on ${host}:${port} (${code}): set SIAGA_HOST to an address of this machine and ${variable} to a port it may use.`,
        error,
      );
    throw error;
  }
}

/** Fails where `listen` would: before anything is opened that another platform may hold. */
export async function portIsFree(what: string, variable: string, port: number, host: string): Promise<void> {
  if (port === 0) return;
  await listening(what, variable, port, host, async () => {
    const probe = createServer().listen(port, host);
    await once(probe, 'listening');
    probe.close();
    await once(probe, 'close');
  });
}
