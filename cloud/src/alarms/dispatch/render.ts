/** The words of messages: pure. One place for all of them; people read cm and the deployment's local time. */
import { type Severity, severities } from '@siaga/protocol';
import { dayMs, localTime, weekdayTime, zoneLetters } from '../../duty/local-time.ts';
import type { Notice } from '../notify/notifier.ts';
import { cm, rateText } from '../words.ts';
import type { Situation, StationLook, TellOf } from './situation.ts';

const maxSubject = 80;
const maxShort = 140;
/** So much of `short` is kept for the deployment's name at least. */
const keptForName = 30;
/** So many alarms of a group are told one by one. */
const maxLines = 5;

/** A value older than this is told with its time. */
const freshMs = 10 * 60_000;

/** The rule whose alarms are about a stage in a band: told with the figures of now, others by their own headline. */
const levelRule = 'level';

export function renderAlarm(situation: Situation, idempotencyKey: string): Notice {
  const { group, nowMs, timeZone, closedAtMs, deployment, link, alarms } = situation;
  const over = closedAtMs !== null;
  const told = alarms.slice(0, maxLines);
  const [first] = told;
  const time = clockIn(timeZone, nowMs);
  const zone = zoneLetters(timeZone, nowMs);
  const more = alarms.length > 1 ? `, and ${alarms.length - 1} more` : '';
  const mark = group.drill === null ? '' : 'DRILL: ';
  const gist = first === undefined ? group.headline : gistOf(first, { over, time, nowMs });
  const sensor = group.list === 'flood';
  const text = [
    ...(group.drill === null ? [] : ['This is a DRILL, an exercise: nothing of it is real.']),
    ...(first === undefined ? [`${group.headline}${over ? ': over' : ''}.`] : []),
    ...told.map((tell, i) => `${lineOf(tell, { closedAtMs, time, nowMs })}${i === 0 ? ` (${zone})` : ''}.`),
    ...(alarms.length > told.length ? [`And ${alarms.length - told.length} more.`] : []),
    ...(over ? [] : [acknowledgedLine(situation, time)]),
    ...(over || first === undefined || first.alarm.response === '' ? [] : [`To do: ${first.alarm.response}`]),
    ...(link === null ? [] : [link]),
    `${deployment}.${sensor ? ' By sensor, provisional.' : ''}`,
  ].join('\n');
  return {
    idempotencyKey,
    kind: over ? 'over' : 'alarm',
    priority: group.priority,
    drill: group.drill !== null,
    deployment,
    subject: cut(`${mark}${gist}${more}`, maxSubject),
    text,
    short: shortOf(
      `${mark}${gist}${more}`,
      `${localTime(timeZone, nowMs)} ${zone}${sensor ? ', sensor' : ''}`,
      deployment,
    ),
    link,
    atMs: nowMs,
    data: dataOf(situation),
  };
}

export type TestOf = {
  readonly id: string;
  readonly channel: string;
  readonly deployment: string;
  readonly timeZone: string;
  readonly nowMs: number;
  readonly link: string | null;
};

export function renderTest({ id, channel, deployment, timeZone, nowMs, link }: TestOf, idempotencyKey: string): Notice {
  const time = `${localTime(timeZone, nowMs)} ${zoneLetters(timeZone, nowMs)}`;
  return {
    idempotencyKey,
    kind: 'test',
    priority: 'low',
    drill: false,
    deployment,
    subject: cut(`Test of ${channel}: ${deployment}`, maxSubject),
    text: [
      `This is the test of the channel ${channel}, sent ${time}. There is no alarm.`,
      'Mark it as seen in the console, under Channels: an unseen test raises an alarm.',
      ...(link === null ? [] : [link]),
      `${deployment}.`,
    ].join('\n'),
    short: cut(`Test of ${channel}, ${time}, no alarm. Mark it as seen in the console. ${deployment}`, maxShort),
    link,
    atMs: nowMs,
    data: { test: id, channel },
  };
}

type Time = (atMs: number) => string;

/** `02:10` within the last day, `Tue 02:10` before. */
function clockIn(timeZone: string, nowMs: number): Time {
  return (atMs) => (nowMs - atMs < dayMs - 4 * 3_600_000 ? localTime(timeZone, atMs) : weekdayTime(timeZone, atMs));
}

function bandName(severity: Severity, station: StationLook): string {
  return station.bands.find((band) => band.severity === severity)?.label ?? severities[severity] ?? 'level';
}

type AboutStage = TellOf & {
  readonly station: StationLook;
  readonly alarm: TellOf['alarm'] & { readonly severity: Severity };
};

function isAboutStage(tell: TellOf): tell is AboutStage {
  return tell.alarm.rule === levelRule && tell.alarm.severity !== null && tell.station !== null;
}

/** The gist in a text message: the time is kept whatever must be cut, and letters are of the narrow alphabet of SMS. */
function shortOf(gist: string, when: string, deployment: string): string {
  const plain = (text: string) => text.replace(/[–−]/g, '-');
  const room = maxShort - `. ${when}, `.length;
  const head = cut(plain(gist), room - Math.min(deployment.length, keptForName), '...');
  return `${head}. ${when}, ${cut(plain(deployment), room - head.length, '...')}`;
}

/** `Siaga I at Katulampa: 212 cm, rising`. */
function gistOf(tell: TellOf, { over, time, nowMs }: { over: boolean; time: Time; nowMs: number }): string {
  const { alarm } = tell;
  const headline = alarm.headline.replace(/ \(sensor, provisional\)$/, '');
  if (over) return `Over: ${isAboutStage(tell) ? placeOf(tell) : headline}`;
  if (!isAboutStage(tell)) return headline;
  if (alarm.condition === 'returned') return `${placeOf(tell)} reached ${time(alarm.sinceMs)}, over by now`;
  const { value, level } = tell.station;
  const silent = level.presence === 'stale' || level.presence === 'never';
  if (value === null || value.stageMm === null || silent) return `${placeOf(tell)}, no reading now`;
  return `${placeOf(tell)}: ${atLeast(level)}${cm(value.stageMm)}${aged(value, time, nowMs)}${value.trend === null ? '' : `, ${value.trend}`}`;
}

function placeOf({ alarm, station }: AboutStage): string {
  return `${bandName(alarm.severity, station)} at ${station.name}`;
}

/** A value that is not of this moment says of when it is. */
function aged({ observedAt }: { readonly observedAt: string }, time: Time, nowMs: number): string {
  const atMs = Date.parse(observedAt);
  return nowMs - atMs > freshMs ? ` at ${time(atMs)}` : '';
}

type When = { readonly closedAtMs: number | null; readonly time: Time; readonly nowMs: number };

function lineOf(tell: TellOf, when: When): string {
  const { closedAtMs, time } = when;
  const { alarm } = tell;
  const endedMs = alarm.returnedAtMs ?? closedAtMs;
  if (isAboutStage(tell)) return stageLine(tell, endedMs, when);
  const headline = alarm.headline.replace(/ \(sensor, provisional\)$/, '');
  // Many headlines say since when themselves.
  const since = headline.includes(time(alarm.sinceMs)) ? '' : `, since ${time(alarm.sinceMs)}`;
  if (endedMs !== null) return `${headline}${since}, over since ${time(endedMs)}`;
  return `${headline}${since}${alarm.silent ? ', silenced' : ''}`;
}

function stageLine(tell: AboutStage, endedMs: number | null, { closedAtMs, time, nowMs }: When): string {
  const over = closedAtMs !== null;
  const { alarm, station } = tell;
  const place = placeOf(tell);
  const reached = `reached ${time(alarm.sinceMs)}`;
  if (over && endedMs !== null) return `${place}: ${reached}, over since ${time(endedMs)}${peaked(tell, time)}`;
  if (alarm.condition === 'returned' && endedMs !== null)
    return `${place}: ${reached}, over since ${time(endedMs)}${nowAt(station, 'now ')}${peaked(tell, time)}`;
  const { value, level } = station;
  if (value === null || value.stageMm === null || level.presence === 'stale' || level.presence === 'never') {
    const last = value === null ? '' : ` after ${time(Date.parse(value.observedAt))}`;
    return `${place}: ${reached}; no reading${last}${nowAt(station, 'last ')}`;
  }
  const silenced = alarm.silent ? ', silenced' : '';
  const at = aged(value, time, nowMs);
  if (value.trend === 'falling')
    return `${place}: ${reached}, now falling${rate(value.rateMmPer10Min)}${nowAt(station, '')}${at}${peaked(tell, time)}${silenced}`;
  const rising = value.trend === 'rising' ? `, rising${rate(value.rateMmPer10Min)}` : '';
  return `${place}: ${atLeast(level)}${cm(value.stageMm)}${at}${rising}, since ${time(alarm.sinceMs)}${silenced}`;
}

const atLeast = ({ note }: StationLook['level']) => (note === 'at-least' ? 'at least ' : '');

function nowAt({ value, level }: StationLook, word: string): string {
  return value === null || value.stageMm === null ? '' : `, ${word}${atLeast(level)}${cm(value.stageMm)}`;
}

function rate(mmPer10Min: number | null): string {
  return mmPer10Min === null || mmPer10Min === 0 ? '' : ` ${rateText(Math.abs(mmPer10Min))}`;
}

function peaked({ peak }: TellOf, time: Time): string {
  if (peak === null) return '';
  return `, peaked ${peak.peakAtLeast ? 'at least ' : ''}${cm(peak.peakStageMm)} ${time(peak.peakAtMs)}`;
}

function acknowledgedLine({ acknowledged }: Situation, time: Time): string {
  if (acknowledged === null) return 'Nobody has acknowledged it yet.';
  return `Acknowledged by ${acknowledged.name} at ${time(acknowledged.atMs)}.`;
}

function dataOf({ group, closedAtMs, alarms, acknowledged }: Situation): Notice['data'] {
  return {
    group: group.id,
    list: group.list,
    basin: group.basin,
    priority: group.priority,
    annunciation: group.annunciation,
    drill: group.drill,
    acknowledged: acknowledged !== null,
    closedAt: closedAtMs === null ? null : new Date(closedAtMs).toISOString(),
    alarms: alarms.map(({ alarm, station }) => ({
      id: alarm.id,
      rule: alarm.rule,
      station: alarm.station,
      severity: alarm.severity,
      condition: alarm.condition,
      headline: alarm.headline,
      since: new Date(alarm.sinceMs).toISOString(),
      stageMm: station?.value?.stageMm ?? null,
      observedAt: station?.value?.observedAt ?? null,
    })),
  };
}

function cut(text: string, length: number, mark = '…'): string {
  return text.length <= length ? text : `${text.slice(0, length - mark.length).trimEnd()}${mark}`;
}
