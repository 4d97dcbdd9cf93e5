import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, resolvePaths } from './config.ts';

const sample = readFileSync(join(import.meta.dirname, '..', 'siaga-agent.example.yaml'), 'utf8');
const faultsOf = (text: string, env = {}) => {
  const settings = loadConfig(text, env);
  return settings.ok ? [] : 'faults' in settings ? settings.faults : [settings.reason];
};
const minimal = `
station: katulampa
data: ./d
gauges: [{ gauge: main, port: /dev/ttyUSB0, sensor: dfrobot-a02yyuw }]
`;

describe('settings', () => {
  it('the sample file is true, also with its remarks taken off', () => {
    expect(faultsOf(sample)).toEqual([]);
    const all = sample.replaceAll(/^ {2}# (- gauge: spare| {2}(port|sensor)|retryMostS)/gm, '  $1');
    expect(all).not.toBe(sample);
    expect(faultsOf(all)).toEqual([]);
  });
  it('have defaults for all but what only the owner knows', () => {
    const settings = loadConfig(minimal, {});
    expect(settings.ok && settings.value.config.sampling).toEqual({ intervalS: 60, pings: 7, trigger: 'interval' });
    expect(settings.ok && settings.value.logLevel).toBe('info');
  });
  it('are refused with every fault at once, each with its field', () => {
    const faults = faultsOf(
      `
station: Katulampa
sampling: { intervalS: 0, pings: 99, cadence: 3 }
gauges:
  - { gauge: main, port: /dev/ttyUSB0, sensor: maxbotix-hrxl-wr, maxMm: 4000 }
  - { gauge: main, port: /dev/ttyUSB0, sensor: sonar }
  - { gauge: third, port: x, sensor: dfrobot-a02yyuw, userSpan: { minMm: 90, maxMm: 30 } }
uplink: { url: "http://x", ca: a, cert: b }
`,
      { SIAGA_LOG: 'loud', SIAGA_CLOCK: 'noon' },
    ).join('\n');
    for (const field of [
      'station',
      'data',
      'sampling.intervalS',
      'sampling.pings',
      'cadence',
      'gauges.0.maxMm',
      'gauges.1.sensor: "sonar" is none of maxbotix-hrxl-wr, ',
      'gauges.1.gauge: "main" is used twice',
      'gauges.1.port: "/dev/ttyUSB0" is used twice',
      'gauges.2.userSpan: minMm must be below maxMm',
      'uplink',
      'SIAGA_LOG',
      'SIAGA_CLOCK',
      'gauges.0.maxMm: must be 5000 or 10000',
      'data: is missing',
      "sampling: has no setting 'cadence'",
      'uplink.key: is missing',
      'uplink.url: must be mqtts://host:port',
      'station: must be lower-case letters, digits and hyphens',
    ])
      expect(faults).toContain(field);
    // No fault is told twice, and none in the schema's own words only.
    for (const noise of [
      'schema is false',
      'anyOf',
      'must be null',
      'constant',
      '(key)',
      'additional properties',
      'pattern',
    ])
      expect(faults).not.toContain(noise);
  });
  it.each([
    ['not YAML', 'station: ['],
    ['nothing', ''],
    ['a list', '- 1'],
    ['an alias without its anchor', `${minimal}uplink: *broker`],
    ['a port that none can be', `${minimal}uplink: { url: "mqtts://host:99999", ca: a, cert: b, key: c }`],
    ['an uplink that is none', `${minimal}uplink: off`],
  ])('%s is one clear fault', (_, text) => {
    expect(faultsOf(text)).toHaveLength(1);
  });
  it('take paths from the folder of their file', () => {
    const settings = loadConfig(sample, {});
    if (!settings.ok) throw new Error('the sample is refused');
    const { data, uplink, gauges } = resolvePaths(settings.value.config, '/etc/siaga');
    expect([data, uplink?.key, gauges[0]?.port]).toEqual([
      '/etc/siaga/agent-data',
      '/etc/siaga/device.key',
      '/dev/ttyUSB0',
    ]);
  });
});
