import { expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { storageOptions } from './config.ts';

const settingsOf = (more = '') => {
  const text = `
station: katulampa
data: ./d
gauges: [{ gauge: main, port: /dev/ttyUSB0, sensor: dfrobot-a02yyuw }]
${more}`;
  const settings = loadConfig(text, {});
  if (!settings.ok) throw new Error(JSON.stringify(settings));
  return settings.value.config;
};

it('without a word the budget holds 365 days of readings, and the ballast beside them', () => {
  expect(storageOptions(settingsOf())).toEqual({ maxBytes: 53e6, keepMs: 30 * 86_400_000, ballastBytes: 4e6 });
  const sixTimes = storageOptions(settingsOf('sampling: { intervalS: 10 }'));
  expect(sixTimes.maxBytes).toBe(316e6);
});
it('a budget includes the ballast, and must leave room for readings', () => {
  const { maxBytes, ballastBytes, keepMs } = storageOptions(settingsOf('storage: { maxMb: 20, keepDays: 7 }'));
  expect([maxBytes, ballastBytes, keepMs]).toEqual([16e6, 4e6, 7 * 86_400_000]);
  expect(() => settingsOf('storage: { maxMb: 12, ballastMb: 10 }')).toThrow('storage.maxMb: must leave at least 4 MB');
});
