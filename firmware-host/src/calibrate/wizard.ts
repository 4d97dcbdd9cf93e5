/**
 * Leads through a calibration: bar check, measured drop, second point, level, staff gauge. It asks, measures and
 * computes; what cannot be right is measured again or left, and what is odd is signed with its remark.
 */
import type { Calibration } from '@siaga/protocol';
import { faceOffsetOf, type Judged, judgeDrop, judgeFace, judgeResidual, judgeStaff, stageMmOf } from './arithmetic.ts';
import type { RecordBody } from './record.ts';

export type MeasuredDistance = { readonly distanceMm: number; readonly spreadMm: number };

export type WizardWorld = {
  readonly station: string;
  readonly gauge: string;
  readonly sensor: string;
  nowMs(): number;
  say(words: string): void;
  /** An answer; empty when only Enter was pressed. Rejects when the technician gives up. */
  ask(question: string): Promise<string>;
  /** The median of a burst; a text says why there is none. */
  measure(): Promise<MeasuredDistance | string>;
};

/** Levelled again after two years where nobody says otherwise: brackets move and banks settle. */
const relevelAfterYears = 2;
const dayMs = 86_400_000;
/** Pings that scatter more than this say that the sensor does not see one thing. */
const steadyMm = 15;

type MeasuredPoint = RecordBody['bar'];

/** The body of the record, null when the technician gave the calibration up. */
export async function leadThrough(world: WizardWorld): Promise<RecordBody | null> {
  const { station, gauge, sensor, say } = world;
  const remarks: string[] = [];
  const accepted = (step: string, judged: Judged) => accept(world, step, judged, remarks);

  const by = await text(world, 'Your name');
  let bar: MeasuredPoint;
  do {
    say('\n1. Bar check. Hold the plate level below the sensor, well inside its range.');
    bar = await point(world, "Tape, from the sensor's reference mark down to the plate, in mm");
  } while (!(await accepted('Bar check', judgeFace(faceOffsetOf(bar)))));
  const faceOffsetMm = faceOffsetOf(bar);

  let drop: MeasuredPoint;
  do {
    say('\n2. Measured drop. Take the plate away: the sensor must see the water.');
    drop = await point(world, 'Tape, from the mark down to the water, in mm');
  } while (!(await accepted('Measured drop', judgeDrop(drop, faceOffsetMm))));

  let second: MeasuredPoint;
  let residual: ReturnType<typeof judgeResidual>;
  do {
    say('\n3. Second point. Hold the plate again, at least 300 mm higher or lower than before.');
    second = await point(world, 'Tape, from the mark down to the plate, in mm');
    residual = judgeResidual(bar, second);
  } while (!(await accepted('Second point', residual)));

  say("\n4. Level. Height of the reference mark above the station's zero.");
  const sensorElevationMm = await whole(world, 'Height of the mark, in mm', -1_000_000, 10_000_000);
  const benchmark = await text(world, 'Benchmark that it was levelled from');
  const today = dayOf(world.nowMs());
  // East of Greenwich it may be tomorrow already.
  const latest = dayOf(world.nowMs() + dayMs);
  const surveyedOn = await day(world, `Day of the survey [${today}]`, today, ['1900-01-01', latest]);
  const datumOffsetMm = await optionalWhole(world, "The station's zero above the national datum, in mm [unknown]");
  const due = dayOf(
    Date.UTC(
      Number(surveyedOn.slice(0, 4)) + relevelAfterYears,
      Number(surveyedOn.slice(5, 7)) - 1,
      Number(surveyedOn.slice(8)),
    ),
  );
  const relevelDue = await day(world, `To be levelled again by [${due}]`, due, [
    dayOf(Date.parse(surveyedOn) + dayMs),
    '2999-12-31',
  ]);

  say('\n5. Staff gauge. Take the plate away; read the staff when you press Enter.');
  let staffCheck: NonNullable<Calibration['staffCheck']>;
  let staff: ReturnType<typeof judgeStaff>;
  do {
    const staffMm = await whole(world, 'Staff gauge, in mm', -1_000_000, 10_000_000);
    const { distanceMm } = await steady(world);
    const stageMm = stageMmOf(sensorElevationMm, distanceMm, faceOffsetMm);
    staff = judgeStaff(staffMm, stageMm);
    staffCheck = { staffMm, stageMm, at: new Date(world.nowMs()).toISOString() };
    say(`   This calibration makes ${stageMm} mm of it.`);
  } while (!(await accepted('Staff gauge', staff)));

  const photo = await photoName(world);
  const at = new Date(world.nowMs()).toISOString();
  const calibration: Calibration = {
    gauge,
    validFrom: at,
    sensorElevationMm,
    faceOffsetMm,
    benchmark,
    surveyedOn,
    ...(datumOffsetMm === null ? {} : { datumOffsetMm }),
    relevelDue,
    staffCheck,
    by,
  };
  say(
    `\nFrom ${at}: stage = ${sensorElevationMm} − (distance ${faceOffsetMm < 0 ? '−' : '+'} ${Math.abs(faceOffsetMm)}) mm.`,
  );
  for (const remark of remarks) say(`   Remark: ${remark}`);
  if (!/^y(es)?$/i.test(await world.ask('Sign and send it? [y/N]: '))) return null;
  const { residualMm } = residual;
  return {
    v: 1,
    station,
    gauge,
    sensor,
    by,
    at,
    bar,
    drop,
    second,
    residualMm,
    remarks,
    photo,
    calibration,
  };
}

/** Whether a check may stand; one that cannot be right may not. */
async function accept(
  world: WizardWorld,
  step: string,
  { verdict, words }: Judged,
  remarks: string[],
): Promise<boolean> {
  if (verdict === 'good') {
    world.say(`   Good: ${words}.`);
    return true;
  }
  if (verdict === 'no') {
    world.say(
      `   That cannot be right: ${words}. Once more; where a step before was wrong, end with Ctrl-C and begin again.`,
    );
    return false;
  }
  world.say(`   Odd: ${words}.`);
  if (!/^y(es)?$/i.test(await world.ask('   Let it stand, with a remark? [y/N]: '))) return false;
  remarks.push(`${step}: ${words}`);
  return true;
}

async function point(world: WizardWorld, question: string): Promise<MeasuredPoint> {
  const tapeMm = await whole(world, question, 1, 100_000);
  const { distanceMm, spreadMm } = await steady(world);
  return { tapeMm, distanceMm, spreadMm };
}

/** Measures until the sensor sees one thing. */
async function steady(world: WizardWorld): Promise<MeasuredDistance> {
  for (;;) {
    const measured = await world.measure();
    if (typeof measured !== 'string' && measured.spreadMm <= steadyMm) {
      world.say(`   Sensor: ${measured.distanceMm} mm (spread ${measured.spreadMm} mm).`);
      return measured;
    }
    const why = typeof measured === 'string' ? measured : `pings scatter by ${measured.spreadMm} mm`;
    await world.ask(`   No steady measurement: ${why}. Enter to measure again: `);
  }
}

async function text(world: WizardWorld, question: string): Promise<string> {
  for (;;) {
    const answer = (await world.ask(`${question}: `)).trim();
    if (answer.length > 0 && answer.length <= 120) return answer;
    world.say('   1 to 120 letters, please.');
  }
}

async function whole(world: WizardWorld, question: string, least: number, most: number): Promise<number> {
  for (;;) {
    const answer = Number((await world.ask(`${question}: `)).trim() || Number.NaN);
    if (Number.isInteger(answer) && answer >= least && answer <= most) return answer;
    world.say(`   A whole number of mm from ${least} to ${most}, please.`);
  }
}

async function optionalWhole(world: WizardWorld, question: string): Promise<number | null> {
  for (;;) {
    const answer = (await world.ask(`${question}: `)).trim();
    if (answer === '') return null;
    if (/^-?\d{1,7}$/.test(answer)) return Number(answer);
    world.say('   A whole number of mm, or only Enter.');
  }
}

async function photoName(world: WizardWorld): Promise<string | null> {
  for (;;) {
    const answer = (await world.ask('Name of the photo [none]: ')).trim();
    if (answer.length <= 200) return answer || null;
    world.say('   200 letters at most, please.');
  }
}

type Days = readonly [from: string, to: string];

async function day(world: WizardWorld, question: string, otherwise: string, [from, to]: Days): Promise<string> {
  for (;;) {
    const answer = (await world.ask(`${question}: `)).trim() || otherwise;
    if (isDay(answer) && answer >= from && answer <= to) return answer;
    world.say(`   A day as YYYY-MM-DD from ${from} to ${to}, please.`);
  }
}

/** The language takes 31 February for 3 March. */
function isDay(text: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(ms) && dayOf(ms) === text;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
