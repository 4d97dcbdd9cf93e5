import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { plausibleApi } from '../../api-testing.ts';

type Api = Awaited<ReturnType<typeof plausibleApi>>;
let api: Api;
beforeAll(async () => {
  api = await plausibleApi({ web: { dir: tmpdir(), tilesPath: null } });
});
afterAll(() => api.close());

const post = (payload: object) =>
  api.app.inject({
    method: 'POST',
    url: '/api/v1/alarm-rules/dry-run',
    headers: { origin: 'http://localhost' },
    payload,
  });
const day = { from: '2026-01-10T00:00:00Z', to: '2026-01-10T06:00:00Z' };

it('shows every rule with its settings in force, and the escalation', async () => {
  const answer = (await api.app.inject({ url: '/api/v1/alarm-rules' })).json();
  expect(answer.escalation[0]).toEqual({ afterMin: 0, duties: ['operator'] });
  const level = answer.rules.find(({ rule }: { rule: string }) => rule === 'level');
  expect(level).toMatchObject({ list: 'flood', settings: { katulampa: { offDelayS: 1800, confirmS: 55 } } });
  const platform = answer.rules.find(({ rule }: { rule: string }) => rule === 'platform');
  expect(platform.settings).toMatchObject({ diskFreePercent: 10 });
});

it('tells what the rules in force would have done, and a proposal', async () => {
  const inForce = (await post(day)).json();
  expect(inForce).toMatchObject({ readings: 0, inForce: { alarms: 0 }, proposed: null, difference: null });
  const proposed = (await post({ ...day, alarms: { rules: { level: { on: false } } } })).json();
  expect(proposed).toMatchObject({ proposed: { alarms: 0 }, difference: { more: [], fewer: [] } });
});

it('refuses a span that is none or too long, and a proposal with every fault', async () => {
  expect((await post({ from: day.to, to: day.from })).statusCode).toBe(400);
  expect((await post({ ...day, to: '2026-03-10T00:00:00Z' })).statusCode).toBe(400);
  const faulty = await post({ ...day, alarms: { rules: { levl: {} }, stations: { bogor: {} } } });
  expect(faulty.statusCode).toBe(400);
  expect(faulty.json().detail).toContain('alarms.rules.levl');
  expect(faulty.json().detail).toContain('alarms.stations.bogor');
});
