/** Looks each day whether the certificate is to be renewed. What that needs is loaded only where it is used. */
import type { Logger } from 'pino';
import type { AgentConfig } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { Renewal } from '../provision/index.ts';
import type { DeviceTime } from '../uplink/device-time.ts';

export type Renewing = { connected(): void; stop(): void };

const everyMs = 24 * 3_600_000;
/** A first look soon after the start, when the link has had its chance. */
const firstMs = 60_000;

export function renewing(
  { station, uplink, provision }: AgentConfig,
  { log, time, onChange }: { log: Logger; time: DeviceTime; onChange: () => void },
): Renewing {
  if (!provision || !uplink) return { connected: () => undefined, stop: () => undefined };
  let renewal: Promise<Renewal> | null = null;
  const open = (): Promise<Renewal> => {
    renewal ??= import('../provision/index.ts').then(({ createRenewal }) =>
      createRenewal({ station, uplink, provision, log, time, onRenewed: onChange }),
    );
    return renewal;
  };
  const run = (work: (renewal: Renewal) => Promise<unknown>): void => {
    open()
      .then(work)
      .catch((error) => log.warn({ err: messageOf(error) }, 'certificate not looked at'));
  };
  const check = () => run((each) => each.check());
  const first = setTimeout(check, firstMs);
  const daily = setInterval(check, everyMs);
  return {
    connected: () => run((each) => each.connected()),
    stop() {
      clearTimeout(first);
      clearInterval(daily);
    },
  };
}
