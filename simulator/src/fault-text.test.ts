import { expect, test } from 'vitest';
import { stationFaultFrom } from './fault-text.ts';

test('a fault is read with its station', () => {
  const torn = stationFaultFrom('depok:torn=1');
  if (!torn.ok) throw new Error(torn.reason);
  expect(torn.value.station).toBe('depok');
  expect(torn.value.make(0).bytes?.(Uint8Array.of(1, 2, 3, 4)).length).toBeLessThan(4);
});

test('spans count from the start given', () => {
  const unplug = stationFaultFrom('krukut-hulu:unplug=60-90');
  if (!unplug.ok) throw new Error(unplug.reason);
  const fault = unplug.value.make(1_000_000);
  expect([1_059_999, 1_060_000, 1_089_999, 1_090_000].map((atMs) => fault.plugged?.(atMs))).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test.each([
  ['depok', 'is not station:fault=value'],
  ['depok:rust=1', 'is not a fault'],
  ['depok:torn=2', 'is not SHARE'],
  ['depok:torn=much', 'is not SHARE'],
  ['depok:stuck=90-60', 'is not FROM-TO'],
  ['depok:toString=1', 'is not station:fault=value'],
])('%s is refused', (text, reason) => {
  const fault = stationFaultFrom(text);
  expect(fault.ok ? 'read' : fault.reason).toContain(reason);
});
