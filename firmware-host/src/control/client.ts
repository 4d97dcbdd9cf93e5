/** The other side of the control socket: asks the agent that runs on a data folder, if one does. */
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { decodeJson, type Parsed, parserOf } from '@siaga/protocol';
import { type Static, type TSchema, Type } from 'typebox';
import { agentError, messageOf, systemCodeOf } from '../errors.ts';
import { holderOf } from '../outbox/lock.ts';
import { createLineCutter } from './lines.ts';
import { type ControlRequest, ControlStatus, Measured, maxLineBytes, Settings, TailEvent } from './protocol.ts';
import { controlPath } from './socket-path.ts';

/** Each call rejects with the agent's own words when it refuses, and when it does not answer in time. */
export type ControlClient = {
  status(): Promise<ControlStatus>;
  /** Hands over events until the agent ends or `signal` aborts. */
  tail(onEvent: (event: TailEvent) => void, signal: AbortSignal): Promise<void>;
  maintenance(order: { untilMs: number | null; by: string }): Promise<void>;
  measure(order: { gauge: string; pings: number }): Promise<Measured>;
  calibrationsChanged(): Promise<void>;
  settings(): Promise<Settings>;
  /** Milliseconds from a publish to its PUBACK. */
  pingUplink(): Promise<number>;
};

const answerMs = 10_000;
/** Slow sensors give a ping a second. */
const slowAnswerMs = 120_000;
/** Longer than an agent waits for a PUBACK. */
const pingAnswerMs = 30_000;
const restart = 'sudo systemctl restart siaga-agent';
const encoder = new TextEncoder();

const Refusal = Type.Object({ ok: Type.Literal(false), error: Type.String() });
const done = parserOf(Type.Object({ ok: Type.Literal(true) }));
const parseRefusal = parserOf(Refusal);
const parseEvent = parserOf(TailEvent);
const answerWith = <N extends string, S extends TSchema>(name: N, schema: S) =>
  parserOf(Type.Object({ ok: Type.Literal(true), [name]: schema })) as unknown as (
    input: unknown,
  ) => Parsed<Record<N, Static<S>>>;
const parseStatus = answerWith('status', ControlStatus);
const parseMeasured = answerWith('measured', Measured);
const parseSettings = answerWith('settings', Settings);
const parsePing = answerWith('ms', Type.Number());

/** The agent that runs on `data`, null when none does. Rejects when one runs that may not or cannot be asked. */
export async function agentAt(data: string): Promise<ControlClient | null> {
  const socket = await open(data);
  if (socket === null) {
    const pid = await holderOf(join(data, 'outbox', 'LOCK')).catch(() => null);
    if (pid === null) return null;
    throw agentError(
      'control-refused',
      `an agent (process ${pid}) runs on ${data}, but not on its socket: it is starting or ending; try again, then ${restart}`,
    );
  }
  socket.destroy();
  const ask = <T>(request: ControlRequest, parse: (input: unknown) => Parsed<T>, withinMs = answerMs) =>
    askOnce(data, request, parse, withinMs);
  return {
    status: async () => (await ask({ do: 'status' }, parseStatus)).status,
    tail: (onEvent, signal) => tail(data, onEvent, signal),
    maintenance: async (order) => void (await ask({ do: 'maintenance', ...order }, done)),
    measure: async (order) => (await ask({ do: 'measure', ...order }, parseMeasured, slowAnswerMs)).measured,
    calibrationsChanged: async () => void (await ask({ do: 'calibrations-changed' }, done)),
    settings: async () => (await ask({ do: 'settings' }, parseSettings)).settings,
    pingUplink: async () => (await ask({ do: 'ping-uplink' }, parsePing, pingAnswerMs)).ms,
  };
}

/** A connection; null when nobody listens: no socket, or one that a killed agent left. */
async function open(data: string): Promise<Socket | null> {
  const place = await controlPath(data).catch((error) => {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (place === null) return null;
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect(place.path, () => resolve(socket));
      socket.once('error', reject);
    });
  } catch (error) {
    const code = systemCodeOf(error);
    if (['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR'].includes(code ?? '')) return null;
    if (code === 'EACCES' || code === 'EPERM')
      throw agentError(
        'control-refused',
        `an agent's socket is in ${data}, but not for this user; run this with sudo, or as the agent's user`,
        error,
      );
    throw error;
  } finally {
    await place.release();
  }
}

async function reopen(data: string): Promise<Socket> {
  const socket = await open(data);
  if (socket === null) throw agentError('control-refused', 'the agent has ended');
  return socket;
}

async function askOnce<T>(
  data: string,
  request: ControlRequest,
  parse: (input: unknown) => Parsed<T>,
  withinMs: number,
): Promise<T> {
  const socket = await reopen(data);
  try {
    const line = await firstLine(socket, request, withinMs);
    return understood(line, parse);
  } finally {
    socket.destroy();
  }
}

function understood<T>(line: string, parse: (input: unknown) => Parsed<T>): T {
  const bytes = encoder.encode(line);
  const refusal = decodeJson(bytes, parseRefusal);
  if (refusal.ok) throw agentError('control-refused', refusal.value.error);
  const answer = decodeJson(bytes, parse);
  if (!answer.ok) throw agentError('control-refused', `the agent's answer is not understood: ${answer.reason}`);
  return answer.value;
}

function firstLine(socket: Socket, request: ControlRequest, withinMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(agentError('control-refused', `the agent does not answer within ${withinMs / 1_000} s: ${restart}`)),
      withinMs,
    );
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      settle();
    };
    const cutter = createLineCutter(maxLineBytes);
    socket.on('data', (bytes) => {
      const lines = cutter.push(bytes);
      const [line] = lines ?? [];
      if (lines === null) finish(() => reject(agentError('control-refused', "the agent's answer is too long")));
      else if (line !== undefined) finish(() => resolve(line));
    });
    socket.once('error', (error) => finish(() => reject(agentError('control-refused', messageOf(error), error))));
    socket.once('close', () => finish(() => reject(hungUp())));
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

/** It ends, or as many ask it as it answers at a time. */
function hungUp() {
  return agentError('control-refused', 'the agent hung up: it has ended, or too many ask it; try again');
}

async function tail(data: string, onEvent: (event: TailEvent) => void, signal: AbortSignal): Promise<void> {
  const socket = await reopen(data);
  const abort = (): void => void socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const cutter = createLineCutter(maxLineBytes);
  let answered = false;
  let refused: unknown = null;
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    try {
      for (const line of cutter.push(bytes) ?? []) {
        if (answered) {
          // An agent newer than this command may know more events.
          const event = decodeJson(encoder.encode(line), parseEvent);
          if (event.ok) onEvent(event.value);
        } else {
          understood(line, done);
          answered = true;
        }
      }
    } catch (error) {
      refused = error;
      socket.destroy();
    }
  });
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`${JSON.stringify({ do: 'tail' })}\n`);
  await ended;
  signal.removeEventListener('abort', abort);
  if (refused !== null) throw refused;
  if (!answered && !signal.aborted) throw hungUp();
}
