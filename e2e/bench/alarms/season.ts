/**
 * A simulated season, minute by minute through the real store, judge, history, rules and desk, on a clock that is
 * stepped: storms, tides, levels that play about their limits, broken sensors, technicians, outages with backlogs in and
 * out of order, and restarts. The bench judges by the simulated truth (`season-watch.ts`), not by what the platform says.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type AlarmTrial, startAlarmTrial } from '@siaga/cloud';
import { mintStreamId, steppedClock } from '@siaga/protocol';
import { prngOf } from '@siaga/simulator';
import { atLeast, atMost, figure, type Row } from '../report.ts';
import { catalogueText, type NetworkStation } from './network.ts';
import { quickFolder } from './quick-folder.ts';
import { type FieldReading, fieldStation, messagesOf } from './season-field.ts';
import { watchSeason } from './season-watch.ts';
import { seasonReaches, seasonStations, seasonWater } from './season-water.ts';

const originMs = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;
const hourMs = 3_600_000;
/** Half of the stations report on the minute, half at its middle. */
const stepMs = 30_000;
const longestStopMin = 8;
const answerAfterMs = 5 * minuteMs;
const answerEveryMin = 5;
/** A season with less than this would show nothing. */
const leastPerHour = { present: 0.5, late: 0.002 };
/** Two or three wild samples an hour are above a limit: hardly any may be taken for water. */
const mostFalsePerHour = 0.05;
const operator = { actor: 'operator1', mayShelveTop: false, drill: null } as const;

export type SeasonResult = { readonly rows: Row[]; readonly faults: readonly string[] };

export async function playSeason(
  {
    hours,
    seed,
    restartEveryH = 97,
  }: { readonly hours: number; readonly seed: string; readonly restartEveryH?: number },
  say: (progress: string) => void,
): Promise<SeasonResult> {
  const { path, remove } = quickFolder('season');
  const clock = steppedClock(originMs);
  const start = () =>
    startAlarmTrial({
      catalogue: catalogueText(seasonStations, seasonReaches),
      storeUrl: `sqlite:${join(path, 'season.db')}`,
      clock,
    });
  const water = seasonWater(hours, seed);
  const fields = seasonStations.map((station, i) => ({
    station,
    phase: i % 2,
    stream: mintStreamId(),
    field: fieldStation(station, water.get(station.id) as never, { seed, originMs, phaseMs: (i % 2) * stepMs }),
    held: [] as FieldReading[],
  }));
  const watch = watchSeason(seasonStations, water, { originMs, travelMs });
  const chance = prngOf(`${seed}/restarts`);
  const record = startRecord();
  let trial = await start();
  let downUntilMin = 0;
  let stoppedMin = 0;
  let restarts = 0;
  let readings = 0;
  const beganMs = performance.now();

  try {
    for (let minute = 0; minute < hours * 60; minute += 1) {
      if (minute > 0 && minute % (restartEveryH * 60) === 0) {
        await record.keep(trial);
        await trial.close();
        downUntilMin = minute + 1 + chance.below(longestStopMin);
        stoppedMin = minute;
        restarts += 1;
      }
      const isDown = minute < downUntilMin;
      if (!isDown && minute === downUntilMin && minute > 0) {
        trial = await start();
        watch.stood((minute - stoppedMin) * minuteMs);
      }
      for (const phase of [0, 1]) {
        clock.moveTo(originMs + minute * minuteMs + phase * stepMs + 500);
        const nowMs = clock.now();
        const batches = [];
        for (const each of fields) {
          if (each.phase !== phase) continue;
          const come = each.field.minute(minute);
          each.held.push(...come);
          if (isDown) continue;
          readings += each.held.length;
          batches.push(...messagesOf(each.station.id, each.stream, each.held, nowMs));
          watch.received(each.station, each.held, nowMs);
          each.held = [];
        }
        if (isDown) continue;
        await trial.receive(batches);
        await trial.look();
        watch.looked(trial.desk.view().alarms, nowMs);
        record.look(trial);
        if (phase === 1 && minute % answerEveryMin === 0) await answer(trial, nowMs);
      }
      if (minute > 0 && minute % (100 * 60) === 0)
        say(`season: ${minute / 60} of ${hours} h, ${Math.round((performance.now() - beganMs) / 1000)} s`);
    }
    const tookS = (performance.now() - beganMs) / 1000;
    const written = await record.close(trial);
    const found = watch.findings();
    return {
      faults: [...found.faults, ...written.faults],
      rows: [
        figure(`season (seed ${seed}): simulated`, hours, 'h'),
        figure('season: readings through ingest, judge, history, rules and desk', readings, ''),
        figure('season: restarts in it', restarts, ''),
        figure('season: took', tookS, 's'),
        figure('season: alarms raised', written.raised, ''),
        figure('season: crossings in truth', found.crossings, ''),
        atLeast(
          Math.floor(hours * leastPerHour.present),
          'season: of these known while present',
          found.presentlyKnown,
          '',
        ),
        figure('season: longest from known to alarmed', found.slowestS, 's'),
        atMost(0, 'season: true crossings alarmed later than 60 s after known', found.tooSlow, ''),
        atLeast(
          Math.floor(hours * leastPerHour.late),
          'season: crossings learnt late within travel time',
          found.learntLate,
          '',
        ),
        atMost(0, 'season: of these not raised', found.learntLateMissed, ''),
        atMost(0, 'season: present alarms raised from late data', found.raisedFromLate, ''),
        atMost(0, 'season: present alarms on true readings far below the limit', found.raisedFalsely, ''),
        atMost(
          Math.ceil(hours * mostFalsePerHour),
          'season: present alarms by stuck sensors or a wild sample before silence',
          found.raisedByFaults,
          '',
        ),
        atMost(0, 'season: chattering alarms (3 on and off in a minute)', written.chattering, ''),
        figure('season: alarms raised more than twice in an hour', written.repeating, ''),
        atMost(0, 'season: lines of the record rewritten', written.rewritten, ''),
      ],
    };
  } finally {
    await trial.close().catch(() => {});
    remove();
  }
}

/** Longest time that water takes from a station to any below it; none where late crossings are not told. */
function travelMs({ id, kind }: NetworkStation): number {
  if (kind !== 'river') return 0;
  const onward = seasonReaches.filter(({ from }) => from === id);
  return Math.max(0, ...onward.map(({ to, maxH }) => maxH * hourMs + travelMs({ id: to, kind } as NetworkStation)));
}

/** The operator answers what has called for some minutes. */
async function answer({ desk }: AlarmTrial, nowMs: number): Promise<void> {
  const { alarms, groups } = desk.view();
  const due = alarms.filter(
    ({ acknowledged, knownAtMs }) => acknowledged === null && nowMs - knownAtMs > answerAfterMs,
  );
  if (due.length > 0) {
    const done = await desk.acknowledge(
      operator,
      due.map(({ id, version }) => ({ id, version })),
    );
    if (!done.ok) throw new Error(`the operator was refused: ${done.reason}`);
  }
  for (const { id, acknowledged, annunciatedAtMs } of groups) {
    if (acknowledged !== null || annunciatedAtMs === null || nowMs - annunciatedAtMs <= answerAfterMs) continue;
    const group = desk.view().groups.find((each) => each.id === id);
    if (group !== undefined) await desk.acknowledgeGroup(operator, { id, version: group.version });
  }
}

type Line = { readonly no: number; readonly atMs: number; readonly key: string; readonly kind: string };

/** Keeps what the desk wrote down, and looks whether it stays as it was. */
function startRecord() {
  const keys = new Map<string, string>();
  const kept: { readonly lines: number; readonly hash: string }[] = [];

  const hashOf = (lines: readonly unknown[]) => createHash('sha256').update(JSON.stringify(lines)).digest('hex');

  return {
    look({ desk }: AlarmTrial): void {
      for (const { id, key } of desk.view().alarms) keys.set(id, key);
    },
    async keep(trial: AlarmTrial): Promise<void> {
      const lines = await trial.record();
      kept.push({ lines: lines.length, hash: hashOf(lines) });
    },
    async close(trial: AlarmTrial) {
      const lines = await trial.record();
      const told: Line[] = lines.flatMap(({ no, atMs, body: { alarm, kind } }) =>
        alarm === null ? [] : [{ no, atMs, key: keys.get(alarm) ?? alarm, kind }],
      );
      const ons = told.filter(({ kind }) => kind === 'raised' || kind === 'reactivated');
      const offs = told.filter(({ kind }) => kind === 'returned');
      const chattering = crowded(offs, 3, minuteMs);
      const repeating = crowded(ons, 3, hourMs);
      const rewritten = kept.filter(({ lines: count, hash }) => hashOf(lines.slice(0, count)) !== hash).length;
      return {
        raised: ons.length,
        chattering: chattering.length,
        repeating: repeating.length,
        rewritten,
        faults: [...chattering.map((key) => `chatters: ${key}`), ...repeating.map((key) => `repeats: ${key}`)],
      };
    },
  };
}

/** Keys with at least `count` lines within some span. */
function crowded(lines: readonly Line[], count: number, spanMs: number): string[] {
  return [...Map.groupBy(lines, ({ key }) => key)].flatMap(([key, each]) =>
    each.some(({ atMs }, i) => i + 1 >= count && atMs - (each[i + 1 - count] as Line).atMs < spanMs) ? [key] : [],
  );
}
