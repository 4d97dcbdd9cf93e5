import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { encoders } from '../testing/encoders.ts';
import type { Decoded, SensorDriver } from './driver.ts';
import { createDriver, type GaugeConfig, type SensorName, sensors } from './index.ts';
import { type Listener, listen } from './listen.ts';

const folder = import.meta.dirname;
const docs = join(folder, '../../../docs/sensors.md');
const notDrivers = ['driver', 'index', 'listen'];
const names = Object.keys(sensors).sort() as SensorName[];

// The library is loaded with the first poll, which simulated time does not wait for.
beforeAll(() => import('modbus-serial'));

describe('a sensor is its file, and', () => {
  it('a line in the registry, under its own name', () => {
    const files = readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => file.slice(0, -3))
      .filter((file) => !notDrivers.includes(file));
    expect(files.sort()).toEqual(names);
    for (const [name, module] of Object.entries(sensors)) expect(module.name).toBe(name);
  });
  it('test cases, a torn frame and noise among them', () => {
    expect(readdirSync(join(folder, 'testcases')).sort()).toEqual(names);
    for (const name of names) {
      const expectations = casesOf(name).map((testcase) => JSON.parse(read(name, testcase, 'expected.json')));
      expect(expectations.some(({ discardedBytes }) => discardedBytes > 0)).toBe(true);
      for (const echo of ['seen', 'none', 'blanking'])
        expect([name, echo, expectations.some(({ samples }) => JSON.stringify(samples).includes(echo))]).toEqual([
          name,
          echo,
          true,
        ]);
    }
  });
  it('an encoder, which its driver understands', async () => {
    expect(Object.keys(encoders).sort()).toEqual(names);
    for (const name of names) {
      const usual = casesOf(name).find((testcase) => ['plain', 'automatic'].includes(testcase)) ?? '';
      const driver = driverOf(name, JSON.parse(read(name, usual, 'config.json')));
      const { decoded } = await heardFrom(driver, [encoders[name](1500)]);
      expect([name, decoded]).toEqual([name, [{ kind: 'sample', sample: { echo: 'seen', distanceMm: 1500 } }]]);
    }
  });
  it('a row in docs/sensors.md, and a docstring that says what must be known', () => {
    const page = readFileSync(docs, 'utf8');
    for (const name of names) {
      expect(page).toMatch(new RegExp(`^\\| \`${name}\` \\|`, 'm'));
      const docstring = readFileSync(join(folder, `${name}.ts`), 'utf8').split('*/')[0] ?? '';
      for (const word of ['Unit: ', 'Range: ', 'lanking', 'Line: ', 'Codes: ', 'Source', 'Assumed|assumed'])
        expect(docstring).toMatch(new RegExp(word));
    }
  });
});

for (const name of names)
  describe(name, () => {
    it.each(casesOf(name))('%s', async (testcase) => {
      const driver = driverOf(name, JSON.parse(read(name, testcase, 'config.json')));
      const { listener, decoded, bytesIn, frameBytes } = await heardFrom(
        driver,
        answersIn(read(name, testcase, 'frames.hex'), driver),
      );
      const { badFrames, discardedBytes } = listener.counts();
      const expected = JSON.parse(read(name, testcase, 'expected.json'));
      expect({
        samples: decoded.flatMap((one) => (one.kind === 'sample' ? [one.sample] : [])),
        identity: decoded.flatMap((one) => (one.kind === 'identity' ? [one.text] : [])),
        ...('problems' in expected
          ? { problems: decoded.flatMap((one) => (one.kind === 'problem' ? [one.text] : [])) }
          : {}),
        badFrames,
        discardedBytes,
      }).toEqual(expected);
      if (frameBytes !== null) expect(bytesIn).toBe(frameBytes + discardedBytes + listener.pendingBytes());
    });
  });

function casesOf(name: string): string[] {
  return readdirSync(join(folder, 'testcases', name));
}

function read(name: string, testcase: string, file: string): string {
  return readFileSync(join(folder, 'testcases', name, testcase, file), 'utf8');
}

function driverOf(sensor: SensorName, settings: object): SensorDriver {
  return createDriver({ gauge: 'main', port: '/dev/null', sensor, ...settings } as GaugeConfig);
}

/**
 * A sensor that speaks gets all bytes at once. One that is asked, or polled by the real library, gets one line of
 * the file a question; a lone `-` is no answer. Time is simulated.
 */
async function heardFrom(driver: SensorDriver, answers: readonly Uint8Array[]) {
  const { dialogue } = driver;
  const decoded: Decoded[] = [];
  const left = [...answers];
  let bytesIn = 0;
  const push = (bytes: Uint8Array): void => {
    bytesIn += bytes.length;
    listener.push(bytes);
  };
  const line = {
    state: () => (left.length > 0 || dialogue.kind === 'speaks' ? ('open' as const) : ('closed' as const)),
    async write() {
      const answer = left.shift();
      if (answer && answer.length > 0) queueMicrotask(() => push(answer));
    },
  };
  const listener: Listener = listen(driver, line, (heard) => decoded.push(...heard.decoded));
  if (dialogue.kind === 'speaks') for (const bytes of answers) push(bytes);
  else await vi.advanceTimersByTimeAsync((answers.length + 1) * (dialogue.everyMs + 600));
  listener.close();
  const { frames } = listener.counts();
  const lengths: Partial<Record<SensorDriver['proof'], number>> = { sum: 4 };
  const frameLength = lengths[driver.proof];
  return { listener, decoded, bytesIn, frameBytes: frameLength === undefined ? null : frames * frameLength };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Hex pairs, blanks between; `#` begins a remark. */
function answersIn(text: string, { dialogue }: SensorDriver): Uint8Array[] {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => Uint8Array.from(line.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16)));
  return dialogue.kind === 'speaks' ? [Uint8Array.from(lines.flatMap((line) => [...line]))] : lines;
}
