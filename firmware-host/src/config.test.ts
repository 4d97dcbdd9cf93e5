import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environmentFields } from './config/environment.ts';
import { fileSchema } from './config/file-schema.ts';
import { configReference } from './config/reference.ts';
import { AgentConfig, loadConfig, resolvePaths } from './config.ts';

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
  it('the sample file is true, also with all that it leaves out', () => {
    expect(faultsOf(sample)).toEqual([]);
    const all = sample.replaceAll(/^( *)#(?=[a-z-]| {2})/gm, '$1');
    expect(all).not.toBe(sample);
    expect(faultsOf(all)).toEqual([]);
  });
  it('the sample file names every field outside the sensors', () => {
    for (const { path } of environmentFields(AgentConfig)) expect(sample).toContain(path.at(-1) as string);
  });
  it('the page of all settings is what the schema says', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/agent-config.md'), 'utf8');
    expect(page, 'run: node firmware-host/src/main.ts config reference > docs/agent-config.md').toBe(configReference());
  });
  it('have defaults for all but what only the owner knows', () => {
    const settings = loadConfig(minimal, {});
    expect(settings.ok && settings.value.config.sampling).toEqual({ intervalS: 60, pings: 7, trigger: 'interval' });
    expect(settings.ok && settings.value.logLevel).toBe('info');
  });
  it('that slipped are told in the words of whoever wrote them', () => {
    expect(faultsOf('')).toEqual([expect.stringMatching(/^the file: must hold settings .*nothing stands there$/)]);
    expect(faultsOf(minimal.replace(/gauges:.*/, 'gauges:'))).toEqual([
      'gauges: must be a list, and nothing stands there',
    ]);
    expect(faultsOf(minimal.replace('a02yyuw', 'a02yuw').replace('port:', 'prot:'))).toEqual([
      expect.stringMatching(/^gauges\.0\.sensor: "dfrobot-a02yuw" is none of .*; did you mean 'dfrobot-a02yyuw'\?$/),
      expect.stringMatching(/^gauges\.0\.port: is missing/),
      "gauges.0: has no setting 'prot'; did you mean 'port'?",
    ]);
    expect(faultsOf(`${minimal}---\nmore: 1\n`)).toEqual([
      "not one YAML document: another begins with '---' at line 5; keep one of them",
    ]);
    expect(faultsOf('\u0007: [\n'.repeat(100)).length).toBeLessThanOrEqual(5);
    const windows = `\ufeff${minimal.replaceAll('\n', '\r\n')}`;
    expect(faultsOf(windows)).toEqual([]);
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
      '/etc/siaga/credentials/current/device.key',
      '/dev/ttyUSB0',
    ]);
  });

  it('take single values from the environment, bounded alike, and say where each comes from', () => {
    const env = {
      SIAGA_AGENT_SAMPLING_INTERVAL_S: '30',
      SIAGA_AGENT_SAMPLING_TRIGGER: 'burst',
      SIAGA_AGENT_UPLINK_URL: 'mqtts://broker.example:8883',
      SIAGA_AGENT_REMOTE_SETTINGS: 'false',
    };
    const settings = loadConfig(sample, env);
    if (!settings.ok) throw new Error('refused');
    const { config, originOf, warnings } = settings.value;
    expect(config.sampling).toEqual({ intervalS: 30, pings: 7, trigger: 'burst' });
    expect(config.uplink?.url).toBe('mqtts://broker.example:8883');
    expect(config.remote?.settings).toBe(false);
    expect(warnings).toEqual([]);
    expect(originOf('sampling.intervalS')).toBe('env SIAGA_AGENT_SAMPLING_INTERVAL_S');
    expect(originOf('sampling.pings')).toBe('file');
    expect(originOf('gauges.0.port')).toBe('file');
    const bare = loadConfig(minimal, {});
    expect(bare.ok && bare.value.originOf('sampling.pings')).toBe('default');
  });
  it('refuse what the environment may not say, in its own name', () => {
    expect(faultsOf(minimal, { SIAGA_AGENT_SAMPLING_PINGS: '21' })).toEqual([
      'SIAGA_AGENT_SAMPLING_PINGS (sampling.pings): must be a whole number from 1 to 20, not 21',
    ]);
    expect(faultsOf(minimal, { SIAGA_AGENT_SAMPLING_PINGS: 'many' })[0]).toMatch(
      /whole number from 1 to 20, not "many"/,
    );
    expect(faultsOf(minimal, { SIAGA_AGENT_UPLINK_URL: 'mqtts://h:1' }).join()).toMatch(/uplink\.ca: is missing/);
  });
  it('warn of a variable that sets nothing', () => {
    const settings = loadConfig(minimal, { SIAGA_AGENT_SAMPLNG_PINGS: '3', SIAGA_AGENT_WHATEVER: '1' });
    expect(settings.ok && settings.value.warnings).toEqual([
      'SIAGA_AGENT_SAMPLNG_PINGS: sets nothing; did you mean SIAGA_AGENT_SAMPLING_PINGS?',
      'SIAGA_AGENT_WHATEVER: sets nothing',
    ]);
  });
  it('name the field that was meant', () => {
    expect(faultsOf(`${minimal}uplnk: null`)).toEqual(["the file: has no setting 'uplnk'; did you mean 'uplink'?"]);
  });
  it('give an editor a schema that asks for no field with a default', () => {
    const schema = fileSchema() as { required: string[]; properties: { sampling: { required: string[] } } };
    expect(schema.required).toEqual(['station', 'data', 'gauges']);
    expect(schema.properties.sampling.required).toEqual([]);
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });
});
