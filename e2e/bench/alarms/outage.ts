import {
  type FakeChannel,
  type OutageReport,
  runOutage,
  startFakeEmail,
  startFakeSmsHttp,
  startFakeSmsModem,
  startFakeTelegram,
  startFakeWebhook,
  startFakeWebPush,
} from '@siaga/cloud/testing';
import { atLeast, atMost, figure, type Row } from '../report.ts';

/** Pauses after failures are so many times shorter than in earnest, where the longest is 5 minutes. */
const shortened = 1000;
const longestPauseS = 300 / shortened;
/** For the messages themselves, on a slow machine. */
const sendingS = 2;

/** Every channel down for an hour against its fake: each alone, and all together, once until all is over. */
export async function measureOutage(say: (progress: string) => void): Promise<Row[]> {
  const fakes: FakeChannel[] = [];
  const reports: { name: string; report: OutageReport }[] = [];
  try {
    // Of the two ways of SMS one at a time: they share the person's number.
    for (const start of [startFakeEmail, startFakeWebhook, startFakeTelegram, startFakeWebPush, startFakeSmsHttp])
      fakes.push(await start());
    const names = fakes.map(({ kind }) => kind.name);
    const run = async (down: readonly string[], name: string, overBefore = false, others = fakes) => {
      say(`outage: ${name}`);
      reports.push({ name, report: await runOutage({ fakes: others, down, overBefore, shortened }) });
    };
    for (const name of names) await run([name], `${name} down`);
    const modem = await startFakeSmsModem();
    fakes.push(modem);
    await run([modem.kind.name], `${modem.kind.name} down`, false, [fakes[0] as FakeChannel, modem]);
    const all = fakes.filter((fake) => fake !== modem);
    await run(names, 'all down', false, all);
    await run(names, 'all down until it is over', true, all);
  } finally {
    for (const fake of fakes) await fake.close();
  }
  return rowsOf(reports);
}

function rowsOf(reports: readonly { name: string; report: OutageReport }[]): Row[] {
  const got = reports.flatMap(({ report }) => report.got.filter(({ wasDown }) => wasDown));
  const sum = (pick: (report: OutageReport) => number) => reports.reduce((all, { report }) => all + pick(report), 0);
  const some = reports.filter(({ report }) => report.got.some(({ wasDown }) => !wasDown));
  const escalations = reports.map(({ report }) => report.escalatedAfterMin ?? Number.POSITIVE_INFINITY);
  const backs = reports.map(({ report }) => report.backToCurrentMs / 1000);
  const reached = some.filter(({ report }) => report.supervisorReachedBy.length > 0).length;
  const missed = got.filter(({ isCurrent }) => !isCurrent).length;
  const backMost = Math.max(...got.map(({ back }) => back));
  return [
    atMost(0, 'outage of an hour: people × channels that missed the present state', missed, ''),
    atMost(1, 'outage: messages that waited for one person and channel to come back, at most', backMost, ''),
    figure('outage: calls for attention meanwhile, on average', sum(({ calls }) => calls) / reports.length, ''),
    atMost(
      0,
      'outage: messages that came twice, by idempotency key',
      sum(({ twiceByKey }) => twiceByKey),
      '',
    ),
    atMost(
      0,
      'outage: messages that came twice, by content',
      sum(({ twiceByContent }) => twiceByContent),
      '',
    ),
    atMost(15, 'outage: next duty called after its beginning, longest', Math.max(...escalations), 'min'),
    atLeast(some.length, 'outage: next duty reached by a channel that works, where one does', reached, ''),
    figure('outage: messages to people × channels that were down, before, back and over', perWay(got), ''),
    atMost(
      longestPauseS + sendingS,
      `outage: channel back → everybody has the present state, longest (pauses ÷ ${shortened})`,
      Math.max(...backs),
      's',
    ),
  ];
}

function perWay(got: readonly { before: number; back: number; over: number }[]): number {
  return got.reduce((all, { before, back, over }) => all + before + back + over, 0) / Math.max(1, got.length);
}
