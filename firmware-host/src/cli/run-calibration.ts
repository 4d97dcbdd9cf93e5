/** The calibration at a terminal: questions, the running agent's sensor, and the record on its disk. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { Clock } from '@siaga/protocol';
import { signRecord } from '../calibrate/record.ts';
import { addRecord, readRecords } from '../calibrate/records.ts';
import { leadThrough, type MeasuredDistance } from '../calibrate/wizard.ts';
import type { AgentConfig } from '../config.ts';
import { agentAt, type ControlClient } from '../control/client.ts';
import { agentError, messageOf } from '../errors.ts';
import { becomeOwnerOf } from '../service/owner.ts';
import { settingsOrFaults } from './settings-file.ts';

type Options = { readonly config?: string; readonly gauge?: string };

/** More than a reading takes: a plate held by hand moves. */
const pings = 25;

export async function runCalibration(options: Options): Promise<void> {
  const { config, clock } = await settingsOrFaults(options.config, process.env);
  const gauge = gaugeOf(config, options.gauge);
  await becomeOwnerOf(config.data);
  const agent = await inMaintenance(config.data);
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const asked = questions(lines);
  try {
    const body = await leadThrough({
      station: config.station,
      gauge: gauge.gauge,
      sensor: gauge.sensor,
      nowMs: await clockOf(agent, clock),
      say: (words) => void process.stdout.write(`${words}\n`),
      ask: asked,
      measure: () => measured(agent, gauge.gauge),
    });
    if (body === null) {
      process.stdout.write('Nothing was kept.\n');
      return;
    }
    const record = signRecord(body, await credentialsOf(config));
    const path = await addRecord(config.data, record, Date.parse(body.at));
    await agent.calibrationsChanged();
    process.stdout.write(
      `${record.signature === null ? 'Kept, unsigned (no device certificate)' : 'Signed and kept'}: ${path}\n`,
    );
    process.stdout.write('The platform shows it to those who put it in force. Maintenance goes on until it ends.\n');
  } finally {
    lines.close();
  }
}

export async function listCalibrations(options: Options): Promise<void> {
  const { config } = await settingsOrFaults(options.config, process.env);
  const { records, faults } = await readRecords(config.data);
  for (const { body, signed, hash } of records) {
    const { sensorElevationMm, faceOffsetMm, relevelDue } = body.calibration;
    const words = `${body.gauge}: mark at ${sensorElevationMm} mm, face offset ${faceOffsetMm} mm, again by ${relevelDue}`;
    process.stdout.write(
      `${body.at} ${words}\n  by ${body.by}, ${signed === 'yes' ? 'signed' : 'not signed'}, ${hash.slice(0, 12)}\n`,
    );
  }
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  if (records.length + faults.length === 0) process.stdout.write('No calibration was made with this device.\n');
}

function gaugeOf({ gauges }: AgentConfig, wanted: string | undefined): AgentConfig['gauges'][number] {
  const [only] = gauges;
  if (wanted === undefined && only && gauges.length === 1) return only;
  const found = gauges.find(({ gauge }) => gauge === wanted);
  if (found) return found;
  throw agentError('config-invalid', `--gauge: name one of ${gauges.map(({ gauge }) => gauge).join(', ')}`);
}

async function inMaintenance(data: string): Promise<ControlClient> {
  const agent = await agentAt(data);
  if (agent === null)
    throw agentError('control-refused', 'no agent runs here: start it first (systemctl start siaga-agent)');
  const { maintenanceUntilMs } = await agent.status();
  if (maintenanceUntilMs === null)
    throw agentError('control-refused', 'say first that you are at work: siaga-agent maintenance 60m');
  return agent;
}

/** The agent's time may be better than the machine's: it has heard the platform's. */
async function clockOf(agent: ControlClient, clock: Clock): Promise<() => number> {
  const aheadMs = (await agent.status()).nowMs - clock.now();
  return () => Math.round(clock.now() + aheadMs);
}

async function measured(agent: ControlClient, gauge: string): Promise<MeasuredDistance | string> {
  try {
    const { distanceMm, spreadMm, echo } = await agent.measure({ gauge, pings });
    if (distanceMm === null || echo !== 'seen') return `the sensor says: ${echo}`;
    return { distanceMm, spreadMm: spreadMm ?? 0 };
  } catch (error) {
    return messageOf(error);
  }
}

async function credentialsOf({ uplink }: AgentConfig): Promise<{ cert: string; key: string } | null> {
  if (!uplink) return null;
  try {
    return { cert: await readFile(uplink.cert, 'utf8'), key: await readFile(uplink.key, 'utf8') };
  } catch {
    return null;
  }
}

/** Asks line by line; input that ends is a technician who gives up. Answers typed ahead wait their turn. */
function questions(lines: ReturnType<typeof createInterface>): (question: string) => Promise<string> {
  const input = lines[Symbol.asyncIterator]();
  return async (question) => {
    process.stdout.write(question);
    const { value, done } = await input.next();
    if (done) throw agentError('control-refused', 'given up: nothing was kept');
    return String(value);
  };
}
