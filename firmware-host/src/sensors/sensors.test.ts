import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Decoded } from './driver.ts';
import { createDriver, type GaugeConfig, sensors } from './index.ts';
import { listen } from './listen.ts';

const folder = import.meta.dirname;
const notDrivers = ['driver', 'index', 'listen'];
const silentLine = { state: () => 'open' as const, write: async () => undefined };
const names = Object.keys(sensors).sort();

describe('the registry of sensors', () => {
  it('holds every driver file, under its own name', () => {
    const files = readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => file.slice(0, -3))
      .filter((file) => !notDrivers.includes(file));
    expect(files.sort()).toEqual(names);
    for (const [name, module] of Object.entries(sensors)) expect(module.name).toBe(name);
  });
  it('has test cases for every driver and for no other', () => {
    expect(readdirSync(join(folder, 'testcases')).sort()).toEqual(names);
    for (const name of names) expect(readdirSync(join(folder, 'testcases', name)).length).toBeGreaterThan(0);
  });
});

for (const name of names)
  describe(name, () => {
    for (const testcase of readdirSync(join(folder, 'testcases', name)))
      it(testcase, () => {
        const read = (file: string) => readFileSync(join(folder, 'testcases', name, testcase, file), 'utf8');
        const config = { gauge: 'main', port: '/dev/null', sensor: name, ...JSON.parse(read('config.json')) };
        const driver = createDriver(config as GaugeConfig);
        const decoded: Decoded[] = [];
        const listener = listen(driver, silentLine, (heard) => decoded.push(...heard.decoded));
        listener.push(hexBytes(read('frames.hex')));
        const { badFrames, discardedBytes } = listener.counts();
        expect({
          samples: decoded.flatMap((one) => (one.kind === 'sample' ? [one.sample] : [])),
          identity: decoded.flatMap((one) => (one.kind === 'identity' ? [one.text] : [])),
          badFrames,
          discardedBytes,
        }).toEqual(JSON.parse(read('expected.json')));
      });
  });

/** Hex pairs, blanks between; `#` begins a remark. */
function hexBytes(text: string): Uint8Array {
  const pairs = text.replaceAll(/#.*/g, '').match(/[0-9a-f]{2}/gi) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}
