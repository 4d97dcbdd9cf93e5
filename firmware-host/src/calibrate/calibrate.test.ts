import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeAbout, encodeJson } from '@siaga/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPki, type Pki } from '../testing/broker.ts';
import { judgeDrop, judgeResidual, judgeStaff } from './arithmetic.ts';
import { readRecord, signRecord } from './record.ts';
import { addRecord, calibrationsToTell, readRecords } from './records.ts';
import { leadThrough, type MeasuredDistance } from './wizard.ts';

const atMs = Date.UTC(2026, 10, 22, 4, 30);

/** A technician with prepared answers, under a sensor whose face lies 42 mm below the mark. */
async function calibrated(answers: readonly string[], measurements: readonly (MeasuredDistance | string)[]) {
  const said: string[] = [];
  const left = [...answers];
  const seen = [...measurements];
  const body = await leadThrough({
    station: 'katulampa',
    gauge: 'main',
    sensor: 'maxbotix-hrxl-wr',
    nowMs: () => atMs,
    say: (words) => said.push(words),
    async ask(question) {
      const answer = left.shift();
      if (answer === undefined) throw new Error(`asked too much: ${question}`);
      said.push(`${question}${answer}`);
      return answer;
    },
    async measure() {
      const next = seen.shift();
      if (next === undefined) throw new Error('measured too often');
      return next;
    },
  });
  return { body, said: said.join('\n'), left, seen };
}
const at = (distanceMm: number, spreadMm = 1): MeasuredDistance => ({ distanceMm, spreadMm });
const good = ['Sari', '1042', '3042', '2542', '7500', 'BM 12 weir', '', '', '', '4458', 'IMG_1.jpg', 'y'];

describe('leading through a calibration', () => {
  it('measures offset, residual and staff, and says what comes of them', async () => {
    const { body, left, seen } = await calibrated(good, [at(1000), at(3000), at(2502), at(3000)]);
    expect([left, seen]).toEqual([[], []]);
    expect(body).toEqual({
      v: 1,
      station: 'katulampa',
      gauge: 'main',
      sensor: 'maxbotix-hrxl-wr',
      by: 'Sari',
      at: '2026-11-22T04:30:00.000Z',
      bar: { tapeMm: 1042, distanceMm: 1000, spreadMm: 1 },
      drop: { tapeMm: 3042, distanceMm: 3000, spreadMm: 1 },
      second: { tapeMm: 2542, distanceMm: 2502, spreadMm: 1 },
      residualMm: -2,
      remarks: [],
      photo: 'IMG_1.jpg',
      calibration: {
        gauge: 'main',
        validFrom: '2026-11-22T04:30:00.000Z',
        sensorElevationMm: 7500,
        faceOffsetMm: 42,
        benchmark: 'BM 12 weir',
        surveyedOn: '2026-11-22',
        relevelDue: '2028-11-22',
        staffCheck: { staffMm: 4458, stageMm: 4458, at: '2026-11-22T04:30:00.000Z' },
        by: 'Sari',
      },
    });
  });

  it('asks again for what is no number, and measures again what is unsteady or not seen', async () => {
    const answers = ['', 'Sari', 'one metre', '1042', '', '', ...good.slice(2)];
    const { said, left } = await calibrated(answers, [
      at(1000, 80),
      'nothing seen',
      at(1000),
      at(3000),
      at(2502),
      at(3000),
    ]);
    expect(left).toEqual([]);
    expect(said).toMatch(/pings scatter by 80 mm/);
    expect(said).toMatch(/nothing seen/);
  });

  it('takes no second point that cannot be right, and signs an odd one with its remark', async () => {
    const answers = ['Sari', '1042', '3042', '2642', '2542', 'y', ...good.slice(4)];
    // A wall in the beam first; then 8 mm over a metre and a half, which the technician lets stand.
    const { body, said } = await calibrated(answers, [at(1000), at(3000), at(2400), at(2508), at(3000)]);
    expect(said).toMatch(/That cannot be right: \+200 mm over 1600 mm/);
    expect(body?.remarks).toEqual([expect.stringMatching(/^Second point: −8 mm over 1500 mm/)]);
  });

  it('takes a day for what it is, no survey of tomorrow, and no due day before the survey', async () => {
    const days = ['2026-02-31', '2026-11-24', '2026-11-20', '', '2026-11-20', '2027-01-01'];
    const answers = [...good.slice(0, 6), ...days.slice(0, 3), '', ...days.slice(4), ...good.slice(9)];
    const { body, said, left } = await calibrated(answers, [at(1000), at(3000), at(2502), at(3000)]);
    expect(left).toEqual([]);
    expect(body?.calibration).toMatchObject({ surveyedOn: '2026-11-20', relevelDue: '2027-01-01' });
    expect(said.match(/A day as YYYY-MM-DD/g)).toHaveLength(3);
  });

  it('does not believe a tape that lies far off the sensor, and shortens no photo name', async () => {
    const answers = ['Sari', '99999', '10420', '', '1042', ...good.slice(2, -2), 'x'.repeat(201), 'IMG_1.jpg', 'y'];
    const { body, said, left } = await calibrated(answers, [
      at(1000),
      at(1000),
      at(1000),
      at(3000),
      at(2502),
      at(3000),
    ]);
    expect(left).toEqual([]);
    expect(body?.calibration.faceOffsetMm).toBe(42);
    expect(body?.photo).toBe('IMG_1.jpg');
    expect(said).toMatch(/That cannot be right: the sensor counts from 98999 mm below the mark/);
    expect(said).toMatch(/Odd: the sensor counts from 9420 mm below the mark/);
  });

  it('leaves nothing behind when it is not signed', async () => {
    const { body } = await calibrated([...good.slice(0, -1), ''], [at(1000), at(3000), at(2502), at(3000)]);
    expect(body).toBeNull();
  });
});

describe('the checks', () => {
  it('bound what may differ', () => {
    expect(judgeDrop({ tapeMm: 3042, distanceMm: 3000 }, 42)).toMatchObject({ verdict: 'good', differenceMm: 0 });
    expect(judgeDrop({ tapeMm: 3042, distanceMm: 2970 }, 42)).toMatchObject({ verdict: 'look', differenceMm: 30 });
    expect(judgeDrop({ tapeMm: 3042, distanceMm: 2900 }, 42)).toMatchObject({ verdict: 'no' });
    expect(judgeStaff(1000, 1010)).toMatchObject({ verdict: 'good', differenceMm: -10 });
    expect(judgeStaff(1000, 1051)).toMatchObject({ verdict: 'no' });
    const near = { tapeMm: 1000, distanceMm: 1000 };
    expect(judgeResidual(near, { tapeMm: 1200, distanceMm: 1200 })).toMatchObject({ verdict: 'no' });
  });
});

describe('the signed record', () => {
  let pki: Pki;
  let data: string;
  beforeAll(async () => {
    pki = await createPki();
    data = mkdtempSync(join(tmpdir(), 'siaga-calibrate-'));
  });
  afterAll(() => rmSync(data, { recursive: true, force: true }));
  const body = async () => {
    const made = await calibrated(good, [at(1000), at(3000), at(2502), at(3000)]);
    if (made.body === null) throw new Error('not signed');
    return made.body;
  };

  it('is kept, read again as signed, and told in a form that the platform reads', async () => {
    const record = signRecord(await body(), await pki.issue('katulampa'));
    await addRecord(data, record, atMs);
    const kept = await readRecords(data);
    expect(kept).toMatchObject({ faults: [], records: [{ signed: 'yes', body: { by: 'Sari' } }] });
    const about = decodeAbout(
      encodeJson({
        v: 1,
        firmware: { name: 'a', version: '1' },
        gauges: [],
        calibrations: calibrationsToTell(kept),
      }),
    );
    expect(about).toMatchObject({
      ok: true,
      value: { calibrations: [{ gauge: 'main', record: expect.stringMatching(/^[0-9a-f]{64}$/) }] },
    });
  });

  it('that somebody has changed is found, and no longer told', async () => {
    const [name] = readdirSync(join(data, 'calibrations'));
    const path = join(data, 'calibrations', name as string);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('7500', '7400'));
    expect(await readRecords(data)).toMatchObject({ records: [], faults: [expect.stringMatching(/signature/)] });
    writeFileSync(path, text);
    expect((await readRecords(data)).faults).toEqual([]);
  });

  it('that cannot be read is a fault, and keeps nobody from the others', async () => {
    mkdirSync(join(data, 'calibrations', '20200101T000000Z-none.json'));
    expect(await readRecords(data)).toMatchObject({
      records: [{ signed: 'yes' }],
      faults: [expect.stringMatching(/^20200101T000000Z-none\.json: EISDIR/)],
    });
    rmSync(join(data, 'calibrations', '20200101T000000Z-none.json'), { recursive: true });
  });

  it('that could not be read again is not kept: better said now than on the way home', async () => {
    const made = await body();
    const record = signRecord({ ...made, photo: 'x'.repeat(201) }, null);
    await expect(addRecord(data, record, atMs)).rejects.toThrow(/photo/);
    expect(readdirSync(join(data, 'calibrations'))).toHaveLength(1);
  });

  it("of another device's key is broken, one without a key unsigned, and rubbish is no record", async () => {
    const foreign = signRecord(await body(), await pki.issue('depok'));
    expect(readRecord(JSON.stringify(foreign))).toMatchObject({ ok: true, value: { signed: 'broken' } });
    expect(readRecord(JSON.stringify(signRecord(await body(), null)))).toMatchObject({
      ok: true,
      value: { signed: 'no' },
    });
    for (const text of ['', '{}', '{"body":"{}","signature":null,"certificate":null}', 'null'])
      expect(readRecord(text).ok).toBe(false);
  });
});
