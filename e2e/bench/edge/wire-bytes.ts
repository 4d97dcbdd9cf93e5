/**
 * Bytes on the wire, at IP level, both directions: a real device against the real platform, in a network namespace of
 * its own where the kernel counts every packet with its headers. The month is arithmetic over what was measured: so
 * many messages with their answers, a receipt each 6 h, and a ping for each keep-alive of silence between two messages.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { atMost, figure, type Row, type Suite } from '../report.ts';
import type { WireCounts } from './wire-job.ts';

const minutesAMonth = 43_830;
/** Bars of MB a month, by readings in a message; null where there is none. */
const bars: Readonly<Record<number, number>> = { 5: 5, 60: 2.5 };
const keepAliveS = 340;
const receiptEveryMinutes = 360;
const healthEveryMinutes = 15;
const megabyte = 1e6;

export const benchWireBytes: Suite = async (say) => {
  say('exchanges messages of 1, 5 and 60 readings as a calm device and as a busy one, and pings (4 min)');
  const { counts, alone } = await count();
  if (counts.calmReceipts > 0 || counts.busyReceipts !== 1)
    throw new Error(`receipts came otherwise than reckoned with: ${JSON.stringify(counts)}`);
  const rows = counts.sizes.flatMap(({ size, calm, receipted }): Row[] => {
    const messages = minutesAMonth / size;
    const pings = Math.floor((size * 60 - 1) / keepAliveS);
    const receipts = minutesAMonth / receiptEveryMinutes;
    const perMonth = messages * (calm + pings * counts.ping) + receipts * (receipted - calm);
    const sum = `${Math.round(messages)} × (${Math.round(calm)} B + ${pings} pings of ${Math.round(counts.ping)} B) + ${Math.round(receipts)} receipts of ${Math.round(receipted - calm)} B`;
    const bar = bars[size];
    return [
      figure(`wire: bytes a reading, ${size} a message`, perMonth / minutesAMonth, 'B'),
      bar === undefined
        ? figure(`wire: a month, ${size} a message = ${sum}`, perMonth / megabyte, 'MB')
        : atMost(bar, `wire: a month, ${size} a message = ${sum}`, perMonth / megabyte, 'MB'),
      figure(
        `wire: a month, ${size} a message, if each had its receipt`,
        (perMonth + (messages - receipts) * (receipted - calm)) / megabyte,
        'MB',
      ),
    ];
  });
  const healths = (minutesAMonth / healthEveryMinutes) * counts.health;
  return [
    ...rows,
    figure(
      `wire: beside it, health every ${healthEveryMinutes} min, ${Math.round(counts.health)} B each`,
      healths / megabyte,
      'MB',
    ),
    figure('wire: a connection, with TLS, certificates and first health', counts.connect / 1_000, 'kB'),
    ...(alone
      ? []
      : [figure('wire: counted on the whole machine, for it gave no network of its own: too much', null, '')]),
  ];
};

async function count(): Promise<{ counts: WireCounts; alone: boolean }> {
  const script = new URL('wire-bytes.process.ts', import.meta.url).pathname;
  const run = async (command: string, args: readonly string[]): Promise<WireCounts> => {
    const { stdout } = await promisify(execFile)(command, [...args], { timeout: 600_000 });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as WireCounts;
  };
  const own = 'ip link set lo up && exec "$0" "$1"';
  const mayHaveOwn = await promisify(execFile)('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).then(
    () => true,
    () => false,
  );
  if (mayHaveOwn)
    return { counts: await run('unshare', ['-rn', 'sh', '-c', own, process.execPath, script]), alone: true };
  return { counts: await run(process.execPath, [script]), alone: false };
}
