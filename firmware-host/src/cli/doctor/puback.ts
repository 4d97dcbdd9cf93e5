import { join } from 'node:path';
import { pino } from 'pino';
import type { AgentConfig } from '../../config.ts';
import { messageOf } from '../../errors.ts';
import { readIfThere } from '../../outbox/durable.ts';
import { readCredentials } from '../../uplink/credentials.ts';
import { offlineHealth } from '../../uplink/device.ts';
import { openUplink } from '../../uplink/index.ts';
import { pause } from '../../wait.ts';
import { type Check, type Finding, fail, pass, warn } from './check.ts';

const slowMs = 5_000;
const connectMs = 30_000;
/** After a first attempt that failed another may do better on a bad link; more would only cost patience. */
const secondTryMs = 3_000;
const mend =
  'see certificate, network, broker above; if they PASS: does the platform know this station, is its certificate revoked?';

/**
 * A message to the broker and its PUBACK. A running agent publishes its health: a second client of this station's
 * name would throw it out. Without one we connect ourselves and say what is true: that the agent is offline.
 */
export const puback: Check = {
  name: 'puback',
  needs: 'settings',
  online: true,
  async run({ agent, status, refusal }, config) {
    // The agent that cannot be asked has its link: a second client of its name would throw it out.
    if (!config.uplink || refusal !== null) return [];
    if (agent && status?.uplink?.connected === false)
      return [fail(`the agent is not connected: ${status.uplink.reason ?? 'it is still trying'}`, mend)];
    // The check of the certificate has told what is wrong.
    const isReadable = await readCredentials(config.uplink).then(
      () => true,
      () => false,
    );
    if (!agent && !isReadable) return [];
    try {
      return [judge(agent ? await agent.pingUplink() : await publishOurselves(config))];
    } catch (error) {
      return [fail(`no message got through: ${messageOf(error)}`, mend)];
    }
  },
};

function judge(ms: number): Finding {
  const says = `acknowledged after ${Math.round(ms)} ms`;
  return ms >= slowMs ? warn(says, 'the link is slow: see to antenna and signal') : pass(says);
}

async function publishOurselves({ uplink: config, station, data }: AgentConfig): Promise<number> {
  if (!config) throw new Error('there is no uplink');
  const last = Number(await readIfThere(join(data, 'connection')).catch(() => null));
  const connection = Number.isSafeInteger(last) && last > 0 ? last : 1;
  const connected = Promise.withResolvers<void>();
  const uplink = openUplink(
    { station, config, nextConnection: async () => connection, willOf: offlineHealth, log: pino({ level: 'silent' }) },
    { onConnected: () => connected.resolve(), onDisconnected: () => undefined, onMessage: () => undefined },
  );
  const ending = new AbortController();
  try {
    const inTime = await Promise.race([
      connected.promise.then(() => true),
      pause(connectMs, ending.signal).then(() => false),
      gaveUp(() => uplink.trouble() !== null, ending.signal).then(() => false),
    ]);
    if (!inTime) throw new Error(uplink.trouble() ?? `no connection within ${connectMs / 1_000} s`);
    const beganMs = performance.now();
    await uplink.publish('health', offlineHealth(connection));
    return performance.now() - beganMs;
  } finally {
    ending.abort();
    await uplink.close();
  }
}

/** Resolves some time after the first trouble. */
async function gaveUp(isInTrouble: () => boolean, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !isInTrouble()) await pause(100, signal);
  await pause(secondTryMs, signal);
}
