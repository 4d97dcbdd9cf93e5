/**
 * A device that boots with its clock 22 months wrong, behind or ahead: a real agent under libfaketime, a real tty,
 * the real platform, whose certificate is not yet, or no longer, valid by that clock.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { encodeHrxlFrame } from '@siaga/firmware-host/testing';
import { openVirtualTty } from '@siaga/simulator';
import { startAgentProcess } from '../../harness/agent.ts';
import { getReadings } from '../../harness/api.ts';
import { writeCatalogue } from '../../harness/catalogue.ts';
import { eventually } from '../../harness/eventually.ts';
import { temporaryFolder } from '../../harness/folders.ts';
import { startPlatformProcess } from '../../harness/platform.ts';
import { atMost, missing, type Row, type Suite } from '../report.ts';

const station = 'pintu-air';
const readings = 12;
const pings = 7;
const wrongByDays = 670;
const everyMs = 1_000;

export const benchWrongClock: Suite = async (say) => {
  const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1');
  if (library === undefined)
    return [missing('a clock 22 months wrong', 'the Debian package faketime is not installed')];
  const rows: Row[] = [];
  for (const [where, days] of [
    ['behind', -wrongByDays],
    ['ahead', wrongByDays],
  ] as const) {
    say(`a clock 22 months ${where}`);
    rows.push(...(await oneBoot(`clock 22 months ${where} at boot`, library, days)));
  }
  return rows;
};

async function oneBoot(what: string, library: string, days: number): Promise<Row[]> {
  const { path: folder, remove } = temporaryFolder('wrong-clock');
  const endings: (() => unknown)[] = [remove];
  try {
    const catalogue = writeCatalogue(folder, [{ id: station }]);
    const platform = await startPlatformProcess({ data: join(folder, 'platform'), catalogue, stations: [station] });
    endings.push(() => platform.program.stop());
    const tty = await openVirtualTty();
    endings.push(() => tty.close());
    const agent = startAgentProcess({
      station,
      data: join(folder, 'agent'),
      gauges: [{ gauge: 'main', port: tty.path, sensor: 'maxbotix-hrxl-wr', maxMm: 5000 }],
      pki: platform.pki,
      mqttUrl: platform.mqttUrl,
      pings,
      clock: null,
      env: {
        LD_PRELOAD: library,
        FAKETIME: `${days > 0 ? '+' : ''}${days}d`,
        DONT_FAKE_MONOTONIC: '1',
        NO_FAKE_STAT: '1',
      },
    });
    endings.push(() => agent.program.stop());
    await agent.lineOpen();
    const openedMs = performance.now();
    const writtenMs = new Map<number, number>();
    for (let i = 0; i < readings; i++) {
      const distanceMm = 1_000 + 10 * i;
      writtenMs.set(distanceMm, Date.now());
      for (let ping = 0; ping < pings; ping++) await tty.write(encodeHrxlFrame(distanceMm));
      if (i === 0) await agent.storedAtLeast(1);
      if (i === 0) writtenMs.set(0, performance.now() - openedMs);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    // Where the clock was right all the time nothing is shown.
    const [first] = agent.stored;
    if (first && Math.abs(first.observedAtMs - Date.now()) < 7 * 86_400_000)
      throw new Error(`the agent's clock was not wrong: it said ${new Date(first.observedAtMs).toISOString()}`);
    const served = () => getReadings(platform.httpUrl, station, '2020-01-01T00:00:00Z', '2030-01-01T00:00:00Z');
    const errorsOf = (all: Awaited<ReturnType<typeof served>>) =>
      all.map(({ distanceMm, observedAtMs }) =>
        Math.abs(observedAtMs - (writtenMs.get(distanceMm ?? -1) ?? Number.NEGATIVE_INFINITY)),
      );
    const certain = async () => {
      const errors = errorsOf(await served());
      return errors.length === readings && errors.every((ms) => ms < 60_000);
    };
    await eventually('every reading at its time', certain, { everyMs: 250 }).catch(() => undefined);
    const errors = errorsOf(await served());
    const right = errors.filter((ms) => ms < 1_000);
    return [
      atMost(1_000, `${what}: first reading on the disk after its burst`, writtenMs.get(0) ?? Number.NaN, 'ms'),
      atMost(
        0,
        `${what}: readings missing, twice, or still at a wrong time, of ${readings}`,
        Math.abs(readings - errors.length) + errors.length - right.length,
        'readings',
      ),
      atMost(1_000, `${what}: largest error of a time in the platform`, Math.max(...errors, 0), 'ms'),
    ];
  } finally {
    for (const end of endings.reverse()) await end();
  }
}
