import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A link between a device and a broker that a test can break. It carries bytes and never looks at them. */
export type LinkProxy = {
  /** The broker's URL as it is seen through the link. */
  readonly url: string;
  /** Bytes vanish in both directions while every connection seems to stand: a dead radio link. */
  blackHole(): void;
  /** Only what the broker answers vanishes: it takes everything, and nobody learns of it. */
  swallowAnswers(): void;
  /** Connections are torn down, new ones too. */
  cut(): void;
  /** New connections pass; those that fell into the black hole are gone. */
  restore(): void;
  close(): Promise<void>;
};

type Pair = { readonly device: Socket; readonly broker: Socket };

/** A proxy on a free port before the broker at `url`. */
export async function openLinkProxy(url: string): Promise<LinkProxy> {
  const target = new URL(url);
  const pairs = new Set<Pair>();
  let state: 'open' | 'one-way' | 'black-hole' | 'cut' = 'open';

  const server = createServer((device) => {
    device.on('error', () => {});
    if (state === 'cut') return device.destroy();
    const broker = connect(Number(target.port), target.hostname);
    broker.on('error', () => {});
    const pair = { device, broker };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      // In a black hole nobody hears that the other side has gone.
      if (state !== 'black-hole') destroy(pair);
    };
    device.on('close', end);
    broker.on('close', end);
    device.on('data', (bytes) => state !== 'black-hole' && broker.write(bytes));
    broker.on('data', (bytes) => state === 'open' && device.write(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const destroyAll = () => {
    for (const pair of pairs) destroy(pair);
  };
  return {
    url: `${target.protocol}//127.0.0.1:${port}`,
    blackHole() {
      state = 'black-hole';
    },
    swallowAnswers() {
      state = 'one-way';
    },
    cut() {
      state = 'cut';
      destroyAll();
    },
    restore() {
      state = 'open';
      destroyAll();
    },
    async close() {
      state = 'cut';
      destroyAll();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

function destroy({ device, broker }: Pair): void {
  device.destroy();
  broker.destroy();
}
