import { steppedClock, systemClock } from '@siaga/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { type Gauge, type GaugeEvents, type GaugeParts, openGauge, type Sampling } from './gauge.ts';
import type { Draft } from './outbox/outbox.ts';
import type { News } from './readings/build.ts';
import { qcUnknown } from './readings/qc/fold.ts';
import type { LinkEvents } from './serial/link.ts';
import { until } from './testing/builders.ts';
import { encodeHrxlBanner, encodeHrxlFrame } from './testing/encoders.ts';
import { createFakeLink } from './testing/fake-link.ts';

const settings = { gauge: 'main', port: '/dev/none', sensor: 'maxbotix-hrxl-wr', maxMm: 5000 } as const;
const startMs = Date.UTC(2024, 0, 10);
const minuteMs = 60_000;
const each: Sampling = { intervalS: 60, pings: 3, trigger: 'interval' };
const stamp = () => ({ boot: 'b', maintenance: false, clock: 'synced' as const });
type Change = Parameters<GaugeEvents['onChange']>[0];

const open: Gauge[] = [];
afterEach(async () => {
  for (const gauge of open.splice(0)) await gauge.stop();
});

function start(sampling = each, over: Partial<GaugeParts> = {}) {
  const clock = steppedClock(startMs);
  const link = createFakeLink();
  const readings: (Draft['reading'] & Pick<Draft, 'intervalS'>)[] = [];
  const news: News[] = [];
  const changes: Change[] = [];
  const gauge = openGauge(
    settings,
    sampling,
    { clock, openLink: link.open, stamp, ...over },
    {
      onDraft(draft, what) {
        readings.push({ ...draft.reading, intervalS: draft.intervalS });
        news.push(what);
      },
      onChange: (what) => changes.push(what),
    },
  );
  open.push(gauge);
  /** Three pings at a minute after the start. */
  const ping = (minute: number, mm: number, count = 3) => {
    clock.moveTo(startMs + minute * minuteMs);
    for (let i = 0; i < count; i++) {
      link.write(encodeHrxlFrame(mm));
      clock.moveTo(clock.now() + 100);
    }
  };
  const told = () => readings.map(({ distanceMm, flag, test }) => `${distanceMm} ${flag} ${test}`);
  const opened = until('open', () => gauge.status().link === 'open');
  return { gauge, link, clock, readings, news, changes, ping, told, opened };
}

describe('a second burst', () => {
  it('contradicts a wild reading that has gone out already', async () => {
    const { ping, told, readings, opened } = start();
    await opened;
    ping(1, 2000);
    ping(2, 1200);
    expect(told()).toEqual(['2000 1 none', '1200 3 spike']);
    ping(2.02, 2001);
    expect(told()).toHaveLength(2);
    ping(2.1, 2001);
    ping(2.2, 2002);
    expect(told()).toEqual(['2000 1 none', '1200 3 spike', '2001 1 none']);
    expect((readings[2]?.observedAtMs ?? 0) - (readings[1]?.observedAtMs ?? 0)).toBeLessThanOrEqual(10_000);
    ping(3, 2002);
    expect(told().at(-1)).toBe('2002 1 none');
  });
  it('confirms a fast rise, which is urgent; a fall is not', async () => {
    const { ping, told, news, opened } = start();
    await opened;
    ping(1, 2000);
    ping(2, 1200);
    ping(2.1, 1198);
    expect(told().slice(1)).toEqual(['1200 3 spike', '1198 3 rate-of-change']);
    expect(news.map(({ urgent }) => urgent)).toEqual([false, true, true]);
    ping(3, 1195);
    ping(4, 1900);
    expect(told().slice(3)).toEqual(['1195 1 none', '1900 3 spike']);
    expect(news.at(-1)).toMatchObject({ move: 'departs', urgent: false });
  });
  it('is asked for once, and gives way to the next multiple', async () => {
    const { ping, told, opened } = start();
    await opened;
    ping(1, 2000);
    ping(2, 1200);
    ping(2.1, 600);
    ping(2.3, 2000);
    expect(told()).toEqual(['2000 1 none', '1200 3 spike', '600 3 spike']);
    ping(3, 1200);
    ping(3.5, 2000, 1);
    ping(4, 2000);
    expect(told().slice(3)).toEqual(['1200 3 spike', '2000 1 none']);
  });
  it('is the next reading where one comes within ten seconds', async () => {
    const { ping, told, opened } = start({ ...each, intervalS: 10 });
    await opened;
    ping(1, 2000);
    ping(2, 1200);
    ping(2.1, 1199);
    ping(2 + 1 / 6, 1198);
    expect(told()).toEqual(['2000 1 none', '1200 3 spike', '1198 3 rate-of-change']);
  });
  it('is not taken of a sensor that is woken', async () => {
    const { ping, told, opened } = start({ ...each, trigger: 'burst' });
    await opened;
    ping(1, 2000);
    ping(2, 1200);
    ping(17, 2000);
    expect(told()).toEqual(['2000 1 none', '1200 3 spike', '2000 1 none']);
  });
});

describe('what a gauge remembers', () => {
  it('goes over a restart', async () => {
    let kept = qcUnknown;
    const save = (state: typeof kept): void => {
      kept = state;
    };
    const memory = { load: () => kept, save, close: () => undefined };
    const first = start(each, { memory });
    await first.opened;
    first.ping(1, 2000);
    await first.gauge.stop();
    const second = start(each, { memory });
    await second.opened;
    second.ping(2, 1200);
    expect(second.told()).toEqual(['1200 3 spike']);
  });
  it('leaves out maintenance, whose plates are no water', async () => {
    let maintenance = false;
    const { ping, told, opened } = start(each, { stamp: () => ({ ...stamp(), maintenance }) });
    await opened;
    ping(1, 2000);
    maintenance = true;
    ping(2, 1000);
    ping(3, 1000);
    maintenance = false;
    ping(4, 2001);
    expect(told()).toEqual(['2000 1 none', '1000 1 none', '1000 1 none', '2001 1 none']);
  });
});

describe('sampling', () => {
  it('changes at the next multiple, and readings tell the reporting interval', async () => {
    const { gauge, ping, readings, clock, opened } = start(each, { stamp: () => ({ ...stamp(), intervalS: 300 }) });
    await opened;
    ping(1, 2000);
    gauge.setSampling({ intervalS: 15, pings: 1, trigger: 'interval' });
    ping(1.1, 2000);
    expect(readings).toHaveLength(1);
    ping(1.25, 2001, 3);
    ping(1.5, 2002, 3);
    expect(readings.map(({ observedAtMs }) => observedAtMs - startMs)).toEqual([60_000, 75_000, 90_000]);
    expect(new Set(readings.map(({ intervalS }) => intervalS))).toEqual(new Set([300]));
    gauge.setSampling({ intervalS: 3600, pings: 1, trigger: 'interval' });
    ping(59, 2003);
    expect(readings).toHaveLength(3);
    ping(60, 2003);
    expect(readings).toHaveLength(4);
    expect(clock.now()).toBeGreaterThan(startMs);
  });
  it('changes its trigger at once', async () => {
    const { gauge, ping, readings, opened } = start();
    await opened;
    gauge.setSampling({ ...each, trigger: 'burst' });
    ping(0.3, 2000);
    ping(0.4, 2001);
    expect(readings).toHaveLength(2);
  });
  it('goes on by the clock while the line is silent: each multiple a gap', async () => {
    const link = createFakeLink();
    const drafts: Draft[] = [];
    const gauge = openGauge(
      settings,
      { intervalS: 1, pings: 1, trigger: 'interval' },
      { clock: systemClock(), openLink: link.open, stamp },
      { onDraft: (draft) => drafts.push(draft), onChange: () => undefined },
    );
    open.push(gauge);
    await until('two gaps', () => drafts.length >= 2);
    expect(drafts[0]?.reading).toMatchObject({ flag: 9, test: 'gap', echo: 'dead' });
    expect((drafts[0]?.reading.observedAtMs ?? 1) % 1000).toBe(0);
  });
});

describe('beside the readings', () => {
  it('measures on demand, without a reading', async () => {
    const { gauge, ping, readings, opened } = start();
    await opened;
    // The first burst is a reading, as after every start.
    ping(0.05, 1500, 7);
    readings.length = 0;
    const measured = gauge.measure(5);
    ping(0.1, 1500, 4);
    ping(0.2, 1504, 1);
    expect(await measured).toMatchObject({
      distanceMm: 1500,
      rawDistanceMm: 1500,
      pings: 5,
      echo: 'seen',
      validPercent: 100,
      flag: 1,
    });
    expect(readings).toEqual([]);
  });
  it('gives what came when the gauge ends', async () => {
    const { gauge, ping, opened } = start();
    await opened;
    const measured = gauge.measure(5);
    ping(0.1, 1500, 1);
    await gauge.stop();
    expect(await measured).toMatchObject({ distanceMm: 1500, validPercent: 20 });
  });
  it('lets a tap hear each frame, with its bytes, until it is closed', async () => {
    const { gauge, link, opened } = start();
    await opened;
    const heard: string[] = [];
    const close = gauge.tap(({ bytes, decoded, badFrames }) =>
      heard.push(`${Buffer.from(bytes).toString('latin1').trim()} ${decoded.length} ${badFrames}`),
    );
    link.write(encodeHrxlFrame(1234));
    link.write(Buffer.from('R12x4\r'));
    close();
    link.write(encodeHrxlFrame(1235));
    expect(heard).toEqual(['R1234 1 0', 'R12x4 0 1']);
  });
  it('tells a name once, and what of it a person should see to', async () => {
    const { gauge, link, changes, opened } = start();
    await opened;
    for (const model of ['MB7380', 'MB7380', 'MB7386']) link.write(encodeHrxlBanner(model));
    expect(changes.filter((what) => 'identity' in what)).toHaveLength(2);
    expect(gauge.status().identity).toEqual(['PN:MB7380', 'TempI']);
    expect(gauge.status().advice).toEqual([expect.stringContaining('maxMm')]);
    expect(changes).toContainEqual({ advice: gauge.status().advice[0] });
  });
});

describe('what ails the line', () => {
  it('the link’s own word goes into health, and out again', async () => {
    let events: LinkEvents | null = null;
    const { gauge, changes } = start(each, {
      openLink(_, given) {
        events = given;
        return {
          state: () => 'closed',
          reopens: () => 0,
          write: async () => undefined,
          close: async () => undefined,
        };
      },
    });
    const link = events as unknown as LinkEvents;
    link.onState('closed', 'in use', 'foreign-owner');
    expect(gauge.health().problem).toBe('foreign-owner');
    link.onState('open', 'opened', null);
    expect(gauge.health().problem).toBeNull();
    expect(changes.filter((what) => 'problem' in what)).toEqual([{ problem: 'foreign-owner' }, { problem: null }]);
  });
});
