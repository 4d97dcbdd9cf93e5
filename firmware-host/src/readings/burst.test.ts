import { describe, expect, it } from 'vitest';
import { type BurstSettings, createBurstCollector } from './burst.ts';

const settings: BurstSettings = {
  trigger: 'interval',
  pings: 3,
  intervalMs: 60_000,
  timeoutMs: 10_000,
  silenceMs: 150,
};
const seen = (distanceMm: number) => ({ echo: 'seen', distanceMm }) as const;
const minute = (n: number, ms = 0) => ({ nowMs: n * 60_000 + ms, realMs: n * 60_000 + ms });
const bytes = (count: number, badFrames = 0) => ({ bytes: count, badFrames, discardedBytes: badFrames });

describe('trigger interval', () => {
  it('takes the first pings after a multiple of the interval, and is complete with the last of them', () => {
    const collector = createBurstCollector(settings, minute(10, 30_000).nowMs);
    expect(collector.sample(seen(1), minute(10, 59_999))).toEqual([]);
    expect(collector.sample(seen(2), minute(11, 40))).toEqual([]);
    expect(collector.sample(seen(3), minute(11, 190))).toEqual([]);
    const done = collector.sample(seen(4), minute(11, 340));
    expect(done).toMatchObject([{ observedAtMs: minute(11, 40).nowMs, samples: [seen(2), seen(3), seen(4)] }]);
    expect(collector.sample(seen(5), minute(11, 490))).toEqual([]);
  });
  it('takes the first burst with the first bytes, and nothing where none come', () => {
    const collector = createBurstCollector(settings, minute(10, 30_000).nowMs);
    expect(collector.tick(minute(10, 50_000))).toEqual([]);
    collector.heard(bytes(6), minute(10, 51_000));
    expect(collector.sample(seen(1), minute(10, 51_000))).toEqual([]);
    expect(collector.sample(seen(2), minute(10, 51_150))).toEqual([]);
    expect(collector.sample(seen(3), minute(10, 51_300))).toMatchObject([{ observedAtMs: minute(10, 51_000).nowMs }]);
    collector.heard(bytes(6), minute(10, 52_000));
    expect(collector.sample(seen(4), minute(10, 52_000))).toEqual([]);
  });
  it('ends with what it has after the timeout, at the multiple itself if nothing came', () => {
    const collector = createBurstCollector(settings, 0);
    expect(collector.tick(minute(1, 10))).toEqual([]);
    expect(collector.tick(minute(1, 9_000))).toEqual([]);
    expect(collector.tick(minute(1, 10_011))).toMatchObject([{ observedAtMs: 60_000, samples: [], bytes: 0 }]);
    expect(collector.tick(minute(1, 20_000))).toEqual([]);
    collector.sample(seen(7), minute(2, 10));
    expect(collector.tick(minute(2, 10_011))).toMatchObject([
      { observedAtMs: minute(2, 10).nowMs, samples: [seen(7)] },
    ]);
  });
  it('makes up nothing for the multiples that passed unseen', () => {
    const collector = createBurstCollector(settings, 0);
    expect(collector.tick(minute(50))).toEqual([]);
    expect(collector.tick(minute(50, 10_000))).toHaveLength(1);
  });
  it('goes on at the next multiple when the clock was set back by hours, or forward', () => {
    const collector = createBurstCollector(settings, minute(600).nowMs);
    const at = (nowMinute: number, realMs: number) => ({ nowMs: minute(nowMinute).nowMs + 5, realMs });
    expect(collector.tick(at(601, 0))).toEqual([]);
    expect(collector.tick(at(601, 10_000))).toHaveLength(1);
    expect(collector.tick(at(300, 11_000))).toEqual([]);
    expect(collector.tick(at(301, 70_000))).toEqual([]);
    expect(collector.tick(at(301, 80_000))).toMatchObject([{ observedAtMs: minute(301).nowMs }]);
    expect(collector.tick(at(900, 81_000))).toEqual([]);
    expect(collector.tick(at(900, 91_000))).toMatchObject([{ observedAtMs: minute(900).nowMs }]);
    expect(collector.tick(at(901, 92_000))).toEqual([]);
  });
  it('does not begin a multiple twice when the clock is nudged back over it', () => {
    const collector = createBurstCollector({ ...settings, pings: 1 }, 0);
    expect(collector.sample(seen(1), minute(1, 2))).toHaveLength(1);
    expect(collector.sample(seen(2), minute(1, -300))).toEqual([]);
    expect(collector.sample(seen(3), minute(1, 10))).toEqual([]);
    expect(collector.sample(seen(4), minute(2, 10))).toHaveLength(1);
  });
  it('takes one more burst 5 s after it was asked, unless nothing comes or the next multiple does', () => {
    const collector = createBurstCollector({ ...settings, pings: 1 }, 0);
    expect(collector.sample(seen(1), minute(1, 20))).toHaveLength(1);
    collector.again(minute(1, 20));
    expect(collector.due(minute(1, 20))).toEqual({ atMs: minute(1, 5_020).nowMs, inRealMs: null });
    expect(collector.sample(seen(2), minute(1, 5_000))).toEqual([]);
    expect(collector.sample(seen(3), minute(1, 5_100))).toMatchObject([
      { observedAtMs: minute(1, 5_100).nowMs, samples: [seen(3)], again: true },
    ]);
    expect(collector.due(minute(1, 5_100))).toEqual({ atMs: minute(2).nowMs, inRealMs: null });
    collector.again(minute(1, 5_100));
    expect(collector.tick(minute(1, 11_000))).toEqual([]);
    expect(collector.due(minute(1, 13_000)).inRealMs).toBe(8_000);
    expect(collector.tick(minute(1, 21_000))).toEqual([]);
    expect(collector.due(minute(1, 21_000)).inRealMs).toBeNull();
    collector.again(minute(1, 58_000));
    expect(collector.sample(seen(4), minute(2, 4))).toMatchObject([{ samples: [seen(4)], again: false }]);
    expect(collector.due(minute(2, 4)).atMs).toBe(minute(3).nowMs);
  });
  it('changes its settings without a lost or doubled multiple', () => {
    const collector = createBurstCollector({ ...settings, pings: 1 }, 0);
    expect(collector.sample(seen(1), minute(1, 20))).toHaveLength(1);
    collector.retune({ ...settings, pings: 2, intervalMs: 15_000 }, minute(1, 50));
    expect(collector.sample(seen(2), minute(1, 14_990))).toEqual([]);
    collector.sample(seen(3), minute(1, 15_010));
    expect(collector.sample(seen(4), minute(1, 15_150))).toMatchObject([{ samples: [seen(3), seen(4)] }]);
  });
  it('counts what the line gave meanwhile', () => {
    const collector = createBurstCollector(settings, 0);
    collector.heard(bytes(20, 2), minute(1, 10));
    expect(collector.tick(minute(1, 10_011))).toMatchObject([{ bytes: 20, badFrames: 2, discardedBytes: 2 }]);
  });
});

describe('trigger burst', () => {
  const start = () => createBurstCollector({ ...settings, trigger: 'burst' }, 0);
  const at = (ms: number) => ({ nowMs: 1_000_000 + ms * 600, realMs: ms });

  it('is complete with the last ping, stamped at the first', () => {
    const collector = start();
    collector.sample(seen(1), at(5));
    collector.sample(seen(2), at(10));
    expect(collector.sample(seen(3), at(15))).toMatchObject([{ observedAtMs: at(5).nowMs }]);
  });
  it('is closed by silence when it is short, and silence alone is no reading', () => {
    const collector = start();
    collector.heard(bytes(6), at(0));
    collector.sample(seen(1), at(0));
    const done = [50, 100, 150, 200, 250, 300].flatMap((ms) => collector.tick(at(ms)));
    expect(done).toMatchObject([{ samples: [seen(1)] }]);
    expect([350, 400, 450, 500, 550].flatMap((ms) => collector.tick(at(ms)))).toEqual([]);
  });
  it('does not take a stall of its own process for silence', () => {
    const collector = start();
    collector.tick(at(0));
    collector.sample(seen(1), at(1));
    expect(collector.tick(at(2_000))).toEqual([]);
    collector.heard(bytes(6), at(2_001));
    collector.sample(seen(2), at(2_001));
    expect(collector.sample(seen(3), at(2_002))).toMatchObject([{ samples: [seen(1), seen(2), seen(3)] }]);
  });
  it('takes a broken frame for a reading that failed, a stray byte for nothing', () => {
    const collector = start();
    const ticks = () => [50, 100, 150, 200, 250].flatMap((ms) => collector.tick(at(ms)));
    collector.heard({ bytes: 1, badFrames: 0, discardedBytes: 1 }, at(0));
    expect(ticks()).toEqual([]);
    collector.heard(bytes(6, 1), at(0));
    const again = [300, 350, 400, 450, 500].flatMap((ms) => collector.tick(at(ms)));
    expect(again).toMatchObject([{ samples: [], badFrames: 1 }]);
  });
  it('of a sensor that babbles without end and without a frame is a reading that failed, after the timeout', () => {
    const collector = start();
    const done = Array.from({ length: 250 }, (_, i) => [
      ...collector.heard({ bytes: 500, badFrames: 0, discardedBytes: 500 }, at(i * 50)),
      ...collector.tick(at(i * 50 + 1)),
    ]).flat();
    expect(done).toMatchObject([{ samples: [], observedAtMs: at(0).nowMs }]);
    expect(done[0]?.bytes).toBeGreaterThan(50_000);
  });
});
