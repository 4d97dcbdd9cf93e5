import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { messageOf } from '../../errors.ts';
import { handshakeReason } from '../../uplink/reasons.ts';
import { targetOf } from '../../uplink/target.ts';
import { type Check, type Finding, fail, pass } from './check.ts';

const connectMs = 10_000;
const webPort = 443;

/** The broker's name, and whether its port lets us in; else whether 443 would. */
export const network: Check = {
  name: 'network',
  needs: 'settings',
  online: true,
  async run(_world, { uplink }) {
    if (!uplink) return [];
    const { host, port } = targetOf(uplink);
    const named = await resolves(host);
    if (named?.verdict === 'fail') return [named];
    const trouble = await reach(host, port);
    const findings = named ? [named] : [];
    if (trouble === null) return [...findings, pass(`${host}:${port} lets us in`)];
    const isOpen443 = port !== webPort && (await reach(host, webPort)) === null;
    return [
      ...findings,
      fail(
        trouble,
        isOpen443
          ? `port 443 is open: uplink.url: mqtts://${host}:443 may work`
          : trouble.includes('ECONNREFUSED')
            ? 'the machine answers: is the port in uplink.url right? ask whether the platform runs'
            : 'is the modem on, the SIM paid, the cable in? Does a firewall let this port out?',
      ),
    ];
  },
};

/** Null for an address, which needs no name. */
async function resolves(host: string): Promise<Finding | null> {
  if (isIP(host)) return null;
  try {
    const { address } = await lookup(host);
    return pass(`${host} is ${address}`);
  } catch (error) {
    return fail(
      `${host}: the name cannot be looked up (${messageOf(error)})`,
      'is there a network? resolvectl status; is uplink.url right?',
    );
  }
}

/** Why nobody answers there; null when somebody does. */
function reach(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (trouble: string | null) => {
      socket.destroy();
      resolve(trouble);
    };
    socket.setTimeout(connectMs, () => end(`${host}:${port} does not answer within ${connectMs / 1_000} s`));
    socket.once('connect', () => end(null));
    socket.once('error', (error) => end(handshakeReason(error, { host, port })));
  });
}
