import { describe, expect, it } from 'vitest';
import { starvedOf, type Vitals } from './watchdog.ts';

const minute = 60_000;
const well = (over: Partial<Vitals> = {}): Vitals => ({
  lastFrameAtMs: 100 * minute,
  lastStoreAtMs: 100 * minute,
  storeRefusedAtMs: null,
  sampleMs: minute,
  ...over,
});

describe('what the watchdog is fed for', () => {
  it('is fed while frames come and readings are stored', () => {
    expect(starvedOf(well(), 101 * minute)).toBeNull();
  });
  it('starves when frames came once and come no more', () => {
    expect(starvedOf(well({ lastFrameAtMs: 64 * minute }), 100 * minute)).toBe('no frame for 36 min');
    expect(starvedOf(well({ lastFrameAtMs: 66 * minute }), 100 * minute)).toBeNull();
  });
  it('waits longer for a gauge that is sampled each hour', () => {
    const hourly = well({ lastFrameAtMs: 0, lastStoreAtMs: 0, sampleMs: 60 * minute });
    expect(starvedOf(hourly, 121 * minute)).toBeNull();
    expect(starvedOf(hourly, 181 * minute)).not.toBeNull();
  });
  it('does not starve for a sensor that never spoke in this run: a restart has not helped', () => {
    expect(starvedOf(well({ lastFrameAtMs: null, lastStoreAtMs: null }), 9_999 * minute)).toBeNull();
  });
  it('starves when frames come and the store hangs', () => {
    const hung = well({ lastStoreAtMs: 95 * minute });
    expect(starvedOf(hung, 100 * minute)).toBe('frames come, but no reading was stored for 300 s');
  });
  it('does not starve for a store that says why it takes nothing', () => {
    expect(starvedOf(well({ lastStoreAtMs: 50 * minute, storeRefusedAtMs: 51 * minute }), 100 * minute)).toBeNull();
  });
});
