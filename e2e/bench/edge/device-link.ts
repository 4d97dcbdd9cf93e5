/** The agent's outbox, sender and uplink as the agent joins them, without its gauges: for benches of the link. */
import { join } from 'node:path';
import {
  createSender,
  type Outbox,
  openUplink,
  quietLog,
  type Sender,
  type Uplink,
} from '@siaga/firmware-host/testing';
import { encodeJson, type Health } from '@siaga/protocol';
import { eventually } from '../../harness/eventually.ts';

export type DeviceLink = {
  readonly sender: Sender;
  readonly uplink: Uplink;
  /** Reasons for which connections ended. */
  readonly ends: string[];
  close(): Promise<void>;
};

export type LinkOptions = {
  readonly station: string;
  readonly url: string;
  readonly pki: string;
  readonly outbox: Outbox;
  readonly kind?: 'mqtt' | 'aws-iot';
  readonly keepAliveS?: number;
  /** Sees each publish before it leaves and may wait for its PUBACK. */
  readonly onPublish?: (kind: string, payload: Uint8Array, acknowledged: Promise<void>) => void;
  /** Payloads to say at each connection, as an agent tells its health. */
  readonly greet?: (connection: number) => Uint8Array;
  readonly onReceipt?: (payload: Uint8Array) => void;
};

/** Connects; resolves when the connection stands. */
export async function linkDevice(options: LinkOptions): Promise<DeviceLink> {
  const { station, url, pki, outbox, onPublish, kind = 'mqtt', keepAliveS } = options;
  const device = join(pki, 'devices', station);
  const ends: string[] = [];
  let connection = 0;
  const uplink = openUplink(
    {
      station,
      config: {
        kind,
        url,
        ca: join(device, 'ca.crt'),
        cert: join(device, 'device.crt'),
        key: join(device, 'device.key'),
        ...(keepAliveS ? { keepAliveS } : {}),
      },
      nextConnection: async () => ++connection,
      willOf: (number) => encodeJson({ v: 1, state: 'offline', connection: number } satisfies Health),
      log: quietLog,
    },
    {
      onConnected(number) {
        if (options.greet) watched.publish('health', options.greet(number)).catch(() => undefined);
        sender.connected();
      },
      onDisconnected(reason) {
        ends.push(reason);
        sender.disconnected();
      },
      onMessage(what, payload) {
        if (what !== 'receipt') return;
        options.onReceipt?.(payload);
        sender.receipt(payload);
      },
    },
  );
  const watched: Uplink = {
    ...uplink,
    publish(what, payload) {
      const acknowledged = uplink.publish(what, payload);
      onPublish?.(what, payload, acknowledged);
      return acknowledged;
    },
  };
  const sender = createSender(outbox, watched, quietLog);
  await eventually('the device is connected', async () => uplink.connected(), { everyMs: 20 });
  return {
    sender,
    uplink: watched,
    ends,
    async close() {
      uplink.leave();
      await uplink.close();
      await sender.stop();
    },
  };
}
