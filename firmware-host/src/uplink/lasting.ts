/**
 * An uplink out of sessions, whatever their kind: connects, waits and connects again, gives each connection its
 * number and its last will, bounds the waiting for a PUBACK, keeps below the broker's limits.
 *
 * Each connection is a client of its own: a library's reconnecting would carry unacknowledged publishes along in
 * memory (our log sends them again) and could not give each connection's last will its number.
 */
import { type CloudTopic, cloudTopics, type DeviceTopic, parseTopic, topicOf } from '@siaga/protocol';
import type { Logger } from 'pino';
import { agentError, isAgentError, messageOf } from '../errors.ts';
import { pause } from '../wait.ts';
import type { Ending, OpenSession, Session } from './session.ts';
import { createThrottle, type Throttle, type ThrottleLimits } from './throttle.ts';
import type { Uplink, UplinkEvents, UplinkTiming } from './uplink.ts';

export type LastingSettings = {
  readonly station: string;
  readonly open: OpenSession;
  /** Where a kind of message is published. */
  readonly topicFor: (kind: DeviceTopic) => string;
  /** The next connection's number, durable before it is used. */
  readonly nextConnection: () => Promise<number>;
  /** The last will of a connection, on the topic `health`. */
  readonly willOf: (connection: number) => Uint8Array;
  /** Asked at each connection; MQTT fixes it there. */
  readonly keepAliveS: () => number;
  readonly limits: ThrottleLimits;
  readonly timing: UplinkTiming;
  readonly log: Logger;
};

/** A connection that stood this long ends the back-off; a shorter one may be kicked by a twin with our client id. */
const steadyMs = 30_000;
const leaveMs = 2_000;

type Line = { readonly session: Session; readonly throttle: Throttle; readonly waiting: Set<(error: Error) => void> };

export function createLastingUplink(settings: LastingSettings, events: UplinkEvents): Uplink {
  const { station, timing, log } = settings;
  const ending = new AbortController();
  let live: Line | null = null;
  let connections = 0;
  let leaving = false;
  let trouble: string | null = null;

  const openSession = async (connection: number): Promise<Session> => {
    const giveUp = new AbortController();
    const onEnding = () => giveUp.abort(new Error('leaving'));
    if (ending.signal.aborted) onEnding();
    ending.signal.addEventListener('abort', onEnding, { once: true });
    const timer = setTimeout(
      () => giveUp.abort(new Error(`no connection within ${timing.connectMs / 1_000} s`)),
      timing.connectMs,
    );
    try {
      return await settings.open({
        station,
        subscriptions: cloudTopics.map((kind) => topicOf(station, kind)),
        will: { topic: topicOf(station, 'health'), payload: settings.willOf(connection) },
        keepAliveS: settings.keepAliveS(),
        pingMs: timing.pingMs,
        ackMs: timing.ackMs,
        connectMs: timing.connectMs,
        onMessage: deliver,
        signal: giveUp.signal,
      });
    } finally {
      clearTimeout(timer);
      ending.signal.removeEventListener('abort', onEnding);
    }
  };

  const deliver = (topic: string, payload: Uint8Array): void => {
    const parsed = parseTopic(topic);
    if (parsed.ok && parsed.value.station === station && isCloudTopic(parsed.value.kind))
      events.onMessage(parsed.value.kind, payload);
  };

  const connectOnce = async (): Promise<Ending & { stoodMs: number }> => {
    const connection = await settings.nextConnection();
    const session = await openSession(connection);
    const line: Line = { session, throttle: createThrottle(settings.limits), waiting: new Set() };
    const abort = () => session.abort('leaving');
    if (ending.signal.aborted) abort();
    ending.signal.addEventListener('abort', abort, { once: true });
    const sinceMs = performance.now();
    live = line;
    trouble = null;
    connections++;
    events.onConnected(connection);
    const end = await session.ended;
    ending.signal.removeEventListener('abort', abort);
    live = null;
    trouble = end.reason;
    const broke = agentError('uplink-disconnected', `the connection broke: ${end.reason}`);
    line.throttle.close(broke);
    for (const reject of line.waiting) reject(broke);
    events.onDisconnected(end.reason);
    return { ...end, stoodMs: performance.now() - sinceMs };
  };

  const run = async (): Promise<void> => {
    let backOffMs = timing.backOffFirstMs;
    while (!leaving) {
      const { stoodMs, reason, takenOver } = await connectOnce().catch((error): Ending & { stoodMs: number } => {
        trouble = messageOf(error);
        return { stoodMs: 0, reason: trouble };
      });
      if (leaving) return;
      // A link cut after a good while is tried again at once; one that never stands, ever more seldom. Two devices
      // under one name throw each other out: whoever is told so leaves the field to the other for the longest wait.
      if (stoodMs >= steadyMs) backOffMs = timing.backOffFirstMs;
      if (takenOver) backOffMs = timing.backOffMostMs;
      const waitMs = backOffMs * (0.5 + Math.random() / 2);
      log.warn({ reason, waitMs: Math.round(waitMs) }, 'uplink down');
      backOffMs = Math.min(backOffMs * 2, timing.backOffMostMs);
      await pause(waitMs, ending.signal);
    }
  };
  const running = run();

  const publishOn = async (line: Line, topic: string, payload: Uint8Array): Promise<void> => {
    await line.throttle.take(payload.byteLength + topic.length);
    if (live !== line) throw agentError('uplink-disconnected', 'the connection broke');
    await new Promise<void>((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        line.waiting.delete(fail);
        settle();
      };
      const fail = (error: Error) => finish(() => reject(error));
      const timer = setTimeout(() => {
        const words = `no PUBACK within ${timing.ackMs / 1_000} s`;
        fail(agentError('uplink-ack-timeout', words));
        line.session.abort(words);
      }, timing.ackMs);
      line.waiting.add(fail);
      line.session.publish(topic, payload).then(
        () => finish(resolve),
        (error) => fail(isAgentError(error) ? error : agentError('uplink-disconnected', messageOf(error), error)),
      );
    });
  };

  return {
    connected: () => live !== null,
    reconnects: () => Math.max(0, connections - 1),
    trouble: () => (live === null ? trouble : null),
    publish(kind, payload) {
      if (live === null) return Promise.reject(agentError('uplink-disconnected', 'not connected'));
      return publishOn(live, settings.topicFor(kind), payload);
    },
    leave() {
      leaving = true;
    },
    async close() {
      leaving = true;
      if (live) await Promise.race([live.session.leave(), pause(leaveMs, ending.signal)]).catch(() => undefined);
      ending.abort();
      await running;
    },
  };
}

function isCloudTopic(kind: string): kind is CloudTopic {
  return (cloudTopics as readonly string[]).includes(kind);
}
