import { tmpdir } from 'node:os';
import { mintStreamId } from '@siaga/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { plausibleApi } from '../../api-testing.ts';
import type { Calibrations } from '../../fleet/calibrations.ts';
import type { Commands } from '../../fleet/commands.ts';
import { at, atMs, plausibleQueries } from '../testing.ts';

type Api = Awaited<ReturnType<typeof plausibleApi>>;
let api: Api;
let issued: Parameters<Commands['issue']>[];
let decided: Parameters<Calibrations['decide']>[];
let brief: boolean[];

beforeEach(async () => {
  issued = [];
  decided = [];
  brief = [];
  api = await plausibleApi({
    web: { dir: tmpdir(), tilesPath: null },
    queries: plausibleQueries({
      async fleet(isBrief) {
        brief.push(isBrief);
        return [];
      },
      calibrations: async (id) => (id === 'katulampa' ? [] : undefined),
    }),
    care: {
      commands: {
        async issue(...asked) {
          issued.push(asked);
          const [by, station, wish, { expiresInS, id = 'made-here' }] = asked;
          if (id === 'used')
            return { ok: false, code: 'conflict', reason: 'The id used was used for another command.' };
          const kept = {
            station,
            command: { v: 1, id, ...wish } as never,
            by,
            issuedAtMs: atMs,
            expiresAtMs: atMs + expiresInS * 1000,
            sentAtMs: null,
            sentConnection: null,
            outcome: null,
          };
          return { ok: true, kept };
        },
      },
      calibrations: {
        async decide(...asked) {
          decided.push(asked);
          return { ok: false, code: 'not-found', reason: 'No such calibration.' };
        },
      },
    },
  });
});
afterEach(() => api.close());

const post = async (url: string, payload: object) => {
  const answer = await api.app.inject({ method: 'POST', url: `/api/v1/stations/katulampa/${url}`, payload });
  return { status: answer.statusCode, ...answer.json() };
};

it('asks a device, for a day, an update for a week; and says how it stands', async () => {
  expect(await post('commands', { act: 'cadence', intervalS: 60, forS: 3600 })).toMatchObject({
    status: 200,
    state: 'waiting',
    by: 'tester00',
    issuedAt: at,
    command: { v: 1, id: 'made-here', act: 'cadence', intervalS: 60, forS: 3600 },
  });
  await post('commands', { act: 'update', version: '1.2.3', sha256: 'a'.repeat(64), id: 'mine' });
  await post('commands', { act: 'settings', settings: { 'sampling.intervalS': 60 }, expiresInS: 60 });
  expect(issued.map(([, , { act }, options]) => [act, options])).toEqual([
    ['cadence', { expiresInS: 86_400 }],
    ['update', { expiresInS: 604_800, id: 'mine' }],
    ['settings', { expiresInS: 60 }],
  ]);
});

it.each<[string, object, number, string | undefined]>([
  ['an act that is none', { act: 'reboot' }, 400, undefined],
  ['an interval beyond its bounds', { act: 'cadence', intervalS: 0, forS: 1 }, 400, undefined],
  ['a digest that is none', { act: 'update', version: '1', sha256: 'abc' }, 400, undefined],
  ['a range that ends before it begins', { act: 'resend', stream: mintStreamId(), from: 2, to: 1 }, 400, 'to'],
  ['an id that was used', { act: 'cadence', intervalS: 60, forS: 1, id: 'used' }, 409, 'id'],
])('refuses %s', async (_, payload, status, field) => {
  const answer = await post('commands', payload);
  expect(answer).toMatchObject({ status, detail: expect.any(String) });
  if (field !== undefined) expect(answer.field).toBe(field);
  if (status === 400) expect(issued).toEqual([]);
});

it('accepts with or without a reason, refuses with one only', async () => {
  expect((await post('calibrations/abc/accept', {})).status).toBe(404);
  expect((await post('calibrations/abc/refuse', {})).status).toBe(400);
  expect((await post('calibrations/abc/refuse', { reason: 'no' })).status).toBe(404);
  expect(decided).toEqual([
    ['tester00', 'katulampa', 'abc', 'accepted', null],
    ['tester00', 'katulampa', 'abc', 'refused', 'no'],
  ]);
});

it('tells of the fleet in brief when asked to, and of no device or calibration that is not there', async () => {
  await api.app.inject({ url: '/api/v1/fleet' });
  await api.app.inject({ url: '/api/v1/fleet?brief=true' });
  expect(brief).toEqual([false, true]);
  expect((await api.app.inject({ url: '/api/v1/stations/bogor/device' })).statusCode).toBe(404);
  expect((await api.app.inject({ url: '/api/v1/stations/bogor/calibrations' })).statusCode).toBe(404);
  expect((await api.app.inject({ url: '/api/v1/stations/katulampa/calibrations' })).json()).toEqual({
    calibrations: [],
  });
});
