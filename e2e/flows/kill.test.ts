import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { prngOf } from '@siaga/simulator';
import { afterAll, expect, test } from 'vitest';
import { type Account, accountFor } from '../harness/account.ts';
import { type AgentProcess, connections, type StoredLine } from '../harness/agent.ts';
import { getMetric, getReadings, type ServedReading } from '../harness/api.ts';
import { distinctBursts, distinctMm, playBursts } from '../harness/bursts.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';
import type { PlatformProcess } from '../harness/platform.ts';

/*
 * kill -9, of the agent and of the server, while readings are on their way. A virtual gauge goes on writing
 * bursts to its tty all the time, each with a distance of its own, so that each reading can be told by its burst.
 *
 * What was durable counts: a reading that the agent said to be on its disk must be served exactly once.
 * A burst that an end of the agent tears apart may give a second, shorter reading of its remains: it has the
 * burst's distance and a later time, and there can be no more of them than ends.
 */

const station = 'sungai';
const seed = process.env.SEED ?? String(Date.now() % 1_000_000);
const { below } = prngOf(`kill ${seed}`);
const totals = { kills: 0, readings: 0, lost: 0, twice: 0, torn: 0 };

afterAll(() => {
  const { kills, readings, lost, twice, torn } = totals;
  console.log(`kill: ${kills} kills, ${readings} readings, ${lost} lost, ${twice} twice, ${torn} torn (SEED=${seed})`);
});

async function openWalk() {
  const flow = openFlow('kill');
  const platformSettings = { catalogue: writeCatalogue(flow.folder, [{ id: station }]), stations: [station] };
  let platform = await flow.platform(platformSettings);
  const line = await flow.line({ station });
  const data = join(flow.folder, 'agent');
  const { pki, mqttUrl } = platform;
  const lives: AgentProcess[] = [];
  const startedAtMs = Date.now();

  return {
    flow,
    line,
    lives,
    platform: () => platform,
    startAgent(): AgentProcess {
      const agent = flow.agent({ station, data, gauges: [line.settings], pki, mqttUrl });
      lives.push(agent);
      return agent;
    },
    async killPlatform(): Promise<void> {
      await killed(platform);
      platform = await flow.again(platform, platformSettings);
    },
    played() {
      const play = playBursts(line.gauge, distinctMm, () => 20 + below(31));
      flow.atEnd(() => play.stop());
      return play;
    },
    stored: (): StoredLine[] => lives.flatMap((life) => life.stored),
    served(): Promise<ServedReading[]> {
      const [from, to] = [startedAtMs - 60_000, Date.now() + 60_000].map((ms) => new Date(ms).toISOString());
      return getReadings(platform.httpUrl, station, from as string, to as string);
    },
  };
}
type Walk = Awaited<ReturnType<typeof openWalk>>;

async function killed({ program }: { program: PlatformProcess['program'] }): Promise<void> {
  program.kill('SIGKILL');
  expect(await program.exited).toBe('SIGKILL');
  totals.kills += 1;
}

/**
 * Waits until all that is durable is served, and gives the account of it. A reading whose agent died between its
 * disk and its log line is known by its number alone: the hole closes when the doubtful backlog has come through.
 */
async function settled(walk: Walk): Promise<Account> {
  let account: Account | undefined;
  await eventually(
    'all that the agent made durable is served',
    async () => {
      account = accountFor(walk.line.ledger, walk.stored(), await walk.served());
      return (account.lost.length === 0 && account.holes.length === 0) || undefined;
    },
    { withinMs: 120_000, everyMs: 500 },
  ).catch(() => undefined);
  return account as Account;
}

function expectNothingWrong(account: Account, agentKills: number): void {
  expect(account.lost).toEqual([]);
  expect(account.holes).toEqual([]);
  expect(account.twice).toEqual([]);
  expect(account.invented).toEqual([]);
  expect(account.streams).toBe(1);
  expect(account.bursts).toBeLessThan(distinctBursts);
  expect(account.torn.length).toBeLessThanOrEqual(agentKills);
  totals.readings += account.readings;
  totals.lost += account.lost.length;
  totals.twice += account.twice.length;
  totals.torn += account.torn.length;
}

/** Within one life of the agent no burst may be passed over: from its first stored reading to its last. */
function passedOver(walk: Walk, account: Account): number {
  const indexOf = new Map(walk.line.ledger.map(({ distanceMm }, i) => [distanceMm, i]));
  const unread = account.unread.map(({ distanceMm }) => indexOf.get(distanceMm) as number);
  return walk.lives
    .map((life) => life.stored.map(({ distanceMm }) => indexOf.get(distanceMm ?? -1) ?? -1))
    .filter((seen) => seen.length > 0)
    .map((seen) => unread.filter((i) => i > Math.min(...seen) && i < Math.max(...seen)).length)
    .reduce((sum, count) => sum + count, 0);
}

test('the agent is killed 50 times', async () => {
  const walk = await openWalk();
  const play = walk.played();
  for (let kill = 0; kill < 50; kill++) {
    const agent = walk.startAgent();
    // Half of them as soon as they store, the others while their backlog and live readings are under way.
    await (kill % 2 === 0 ? agent.storedAtLeast(1) : agent.connected());
    await pause(50 + below(351));
    await killed(agent);
  }
  await walk.startAgent().storedAtLeast(20);
  await play.stop();
  const account = await settled(walk);
  expectNothingWrong(account, 50);
  expect(passedOver(walk, account)).toBe(0);
  // An agent that dies before its receipts sends again: otherwise nothing of this was put to the test.
  expect(await getMetric(walk.platform().httpUrl, 'siaga_readings_duplicate_total')).toBeGreaterThan(0);
});

test('the server is killed 50 times', async () => {
  const walk = await openWalk();
  const agent = walk.startAgent();
  await agent.lineOpen();
  const play = walk.played();
  for (let kill = 0; kill < 50; kill++) {
    await agent.connected(kill + 1);
    await pause(50 + below(351));
    await walk.killPlatform();
  }
  await play.stop();
  await agent.storedAtLeast(play.count());
  const account = await settled(walk);
  expectNothingWrong(account, 0);
  expect(account.unread).toEqual([]);
  expect(account.readings).toBe(play.count());
});

test('both are killed, one after the other', async () => {
  const walk = await openWalk();
  const play = walk.played();
  for (let kill = 0; kill < 8; kill++) {
    const agent = walk.startAgent();
    await agent.connected();
    await pause(50 + below(351));
    await walk.killPlatform();
    await agent.connected(connections(agent.program) + 1);
    await pause(50 + below(351));
    await killed(agent);
  }
  await walk.startAgent().storedAtLeast(20);
  await play.stop();
  const account = await settled(walk);
  expectNothingWrong(account, 8);
  expect(passedOver(walk, account)).toBe(0);
});
