import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderAlarm, renderTest } from './render.ts';
import { type AlarmLook, lookOf, type Situation, type TellOf } from './situation.ts';
import { aGroup, anAlarm, aStation, startMs, timeZone } from './testing.ts';

const minute = 60_000;
const nowMs = startMs + 80 * minute;
const peak = { peakStageMm: 2450, peakAtMs: startMs + 30 * minute, peakAtLeast: false };

function tell(
  over: Partial<AlarmLook> = {},
  station: TellOf['station'] = aStation({ atMs: nowMs }),
  top: TellOf['peak'] = null,
): TellOf {
  return { alarm: { ...lookOf(anAlarm()), ...over }, station, peak: top };
}

function situation(alarms: readonly TellOf[], over: Partial<Situation> = {}): Situation {
  return {
    deployment: 'Siaga Test',
    timeZone,
    nowMs,
    group: aGroup(),
    closedAtMs: null,
    acknowledged: null,
    alarms,
    link: 'https://siaga.example.org',
    ...over,
  };
}

const first = (of: Situation) => renderAlarm(of, 'k').text.split('\n')[0];

describe('the first line', () => {
  const falling = aStation({ stageMm: 1990, trend: 'falling', rate: -50, atMs: nowMs });
  const steady = aStation({ trend: 'steady', atMs: nowMs });
  const silent = aStation();
  const stale = { ...silent, level: { ...silent.level, presence: 'stale' as const } };
  const blind = { ...aStation({ atMs: nowMs }), level: { ...silent.level, note: 'at-least' as const } };
  const over = { condition: 'returned' as const, returnedAtMs: startMs + 80 * minute };
  test.each<[string, Situation, string]>([
    ['rising', situation([tell()]), 'Siaga I at Katulampa: 212 cm, rising 18 cm/10 min, since 02:10 (WIB).'],
    ['steady', situation([tell({}, steady)]), 'Siaga I at Katulampa: 212 cm, since 02:10 (WIB).'],
    [
      'rising when it was seen last, a while ago',
      situation([tell({}, aStation({ stageMm: 2129 }))]),
      'Siaga I at Katulampa: 212 cm at 02:10, rising 18 cm/10 min, since 02:10 (WIB).',
    ],
    [
      'falling when it was seen last, a while ago',
      situation([tell({}, aStation({ stageMm: 1990, trend: 'falling', rate: -35 }))]),
      'Siaga I at Katulampa: reached 02:10, now falling 3.5 cm/10 min, 199 cm at 02:10 (WIB).',
    ],
    [
      'falling after the peak',
      situation([tell({}, falling, peak)]),
      'Siaga I at Katulampa: reached 02:10, now falling 5 cm/10 min, 199 cm, peaked 245 cm 02:40 (WIB).',
    ],
    [
      'returned, not acknowledged',
      situation([tell(over, falling, peak)]),
      'Siaga I at Katulampa: reached 02:10, over since 03:30, now 199 cm, peaked 245 cm 02:40 (WIB).',
    ],
    [
      'closed',
      situation([tell(over, falling, peak)], { closedAtMs: startMs + 90 * minute }),
      'Siaga I at Katulampa: reached 02:10, over since 03:30, peaked 245 cm 02:40 (WIB).',
    ],
    [
      'silent',
      situation([tell({}, stale)]),
      'Siaga I at Katulampa: reached 02:10; no reading after 02:10, last 212 cm (WIB).',
    ],
    [
      'beyond the sensor',
      situation([tell({}, blind)]),
      'Siaga I at Katulampa: at least 212 cm, rising 18 cm/10 min, since 02:10 (WIB).',
    ],
    [
      'another rule, by its own headline',
      situation([tell({ rule: 'silence', severity: null, headline: 'Katulampa: silent' })]),
      'Katulampa: silent, since 02:10 (WIB).',
    ],
    [
      'of days ago',
      situation([tell({}, aStation({ trend: 'steady', atMs: startMs + 3 * 1440 * minute }))], {
        nowMs: startMs + 3 * 1440 * minute,
      }),
      'Siaga I at Katulampa: 212 cm, since Thu 02:10 (WIB).',
    ],
    [
      'another rule, whose headline says since when',
      situation([tell({ rule: 'silence', severity: null, headline: 'Katulampa: nothing since 02:10' })]),
      'Katulampa: nothing since 02:10 (WIB).',
    ],
    ['nothing known any more', situation([], { closedAtMs: startMs }), 'Ciliwung: 1 alarm: over.'],
  ])('%s', (_, of, line) => {
    expect(first(of)).toBe(line);
  });
});

test('the whole: what, who has it, what to do, where, from whom', () => {
  const { text, subject, short } = renderAlarm(
    situation([tell(), tell({ id: 'a2', rule: 'rate', headline: 'Depok: rising fast' }, null)], {
      acknowledged: { name: 'Sari', atMs: startMs + 5 * minute },
    }),
    'k',
  );
  expect(text.split('\n')).toEqual([
    'Siaga I at Katulampa: 212 cm, rising 18 cm/10 min, since 02:10 (WIB).',
    'Depok: rising fast, since 02:10.',
    'Acknowledged by Sari at 02:15.',
    'To do: Call the gate at Manggarai.',
    'https://siaga.example.org',
    'Siaga Test. By sensor, provisional.',
  ]);
  expect(subject).toBe('Siaga I at Katulampa: 212 cm, rising, and 1 more');
  expect(short).toBe('Siaga I at Katulampa: 212 cm, rising, and 1 more. 03:30 WIB, sensor, Siaga Test');
});

test('however long the names and many the alarms, subject and short keep to their lengths, and a drill says so first', () => {
  const text = fc.string({ maxLength: 300 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), text, text, fc.boolean(), (count, headline, deployment, drill) => {
      const alarms = Array.from({ length: count }, (_, i) => tell({ id: `a${i}`, rule: 'rate', headline }, null));
      const group = aGroup({ headline, drill: drill ? 'd1' : null });
      const notice = renderAlarm(situation(alarms, { group, deployment }), 'k');
      expect(notice.subject.length).toBeLessThanOrEqual(80);
      expect(notice.short.length).toBeLessThanOrEqual(140);
      expect(notice.short).toContain('. 03:30 WIB, sensor, ');
      for (const words of [notice.subject, notice.short])
        expect(words.startsWith('DRILL: ')).toBe(drill || headline.startsWith('DRILL: '));
      expect(notice.text.includes('This is a DRILL')).toBe(drill);
    }),
    { numRuns: 100 },
  );
});

test('a test says that there is no alarm', () => {
  const notice = renderTest(
    { id: 't1', channel: 'email', deployment: 'Siaga Test', timeZone, nowMs: startMs, link: null },
    'k',
  );
  expect(notice).toMatchObject({ kind: 'test', idempotencyKey: 'k', data: { test: 't1' } });
  expect(notice.text).toContain('There is no alarm.');
});
