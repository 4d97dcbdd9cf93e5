/** A link that stands and swallows everything: how long until each kind of uplink notices, with its own timing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createMemoryOutbox,
  createPki,
  openWire,
  type Pki,
  startMosquitto,
  writeCredentials,
} from '@siaga/firmware-host/testing';
import { eventually } from '../../harness/eventually.ts';
import { atMost, type Row, type Suite } from '../report.ts';
import { linkDevice } from './device-link.ts';

const kinds = ['mqtt', 'aws-iot'] as const;
/** What is measured idle is measured with the shortest keep-alive; by default it is so much longer. */
const shortS = 30;
const defaultS = 340;

export const benchBlackHole: Suite = async (say) => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-hole-'));
  const pki = await createPki();
  const broker = await startMosquitto(pki, join(folder, 'broker'));
  try {
    say('lets links fall silent, just before a publish and while nothing is said (40 s)');
    const rows = await Promise.all(
      kinds.map(async (kind): Promise<Row[]> => {
        const [busy, idle] = await Promise.all([
          noticed({ folder, pki, port: broker.port, kind, publishes: true }),
          noticed({ folder, pki, port: broker.port, kind, publishes: false }),
        ]);
        return [
          atMost(20, `black hole, ${kind}: publish to noticed`, busy, 's'),
          atMost(
            360,
            `black hole, ${kind}: idle, measured ${idle.toFixed(1)} s at keep-alive ${shortS} s, so at ${defaultS} s`,
            idle - shortS + defaultS,
            's',
          ),
        ];
      }),
    );
    return rows.flat();
  } finally {
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

type Trial = {
  readonly folder: string;
  readonly pki: Pki;
  readonly port: number;
  readonly kind: (typeof kinds)[number];
  readonly publishes: boolean;
};

/** Seconds from the silence's begin to its notice. */
async function noticed({ folder, pki, port, kind, publishes }: Trial): Promise<number> {
  // Each its own name: two under one throw each other out.
  const station = `${kind}-${publishes ? 'busy' : 'idle'}`;
  await writeCredentials(pki, station, join(folder, 'devices', station));
  const wire = await openWire(port);
  const link = await linkDevice({
    station,
    url: `mqtts://localhost:${wire.port}`,
    pki: folder,
    outbox: createMemoryOutbox(),
    kind,
    keepAliveS: publishes ? defaultS : shortS,
  });
  wire.swallow('everything');
  const sinceMs = performance.now();
  if (publishes) link.uplink.publish('readings', new TextEncoder().encode('{}')).catch(() => undefined);
  await eventually(`${kind} notices`, () => link.ends.length > 0, { everyMs: 20, withinMs: 90_000 });
  const seconds = (performance.now() - sinceMs) / 1_000;
  await link.close();
  await wire.close();
  return seconds;
}
