import type { AgentConfig } from '../../config.ts';
import type { TailEvent } from '../../control/protocol.ts';
import { messageOf } from '../../errors.ts';
import { createDriver } from '../../sensors/index.ts';
import { isPatterned } from '../../serial/speed.ts';
import { commonBauds, type Heard as Swept, sweep } from '../../serial/sweep.ts';
import { dump, meaning } from '../event-text.ts';
import { listenLive } from '../live.ts';
import { candidates } from './candidates.ts';
import { type Check, type Finding, fail, pass, type World, warn } from './check.ts';

type GaugeConfig = AgentConfig['gauges'][number];

/** What one gauge's line gave while we listened. */
type Heard = {
  readonly bytes: Uint8Array;
  readonly frames: number;
  readonly badFrames: number;
  readonly discardedBytes: number;
  readonly echoes: readonly string[];
  /** What it said of itself, and what a person should see to. */
  readonly identity: readonly string[];
  readonly advice: readonly string[];
  /** The newest pieces, as bytes and meaning. */
  readonly shows: readonly string[];
  /** Why the line is not open; null when it is. */
  readonly closed: string | null;
};

const piecesShown = 3;
const sweepEachMostMs = 1_200;

/** Live frames of each sensor; where none come, other speeds and other sensors are tried. */
export const sensor: Check = {
  name: 'sensor',
  needs: 'settings',
  async run(world, config) {
    if (world.refusal !== null)
      return [warn('not listened to: the agent that cannot be asked has the lines', 'see agent above')];
    const events = await listenAll(world, config);
    const found = await Promise.all(
      config.gauges.map(async (gauge) => {
        const {
          problem = null,
          link = null,
          identity = [],
        } = world.status?.gauges.find((each) => each.gauge === gauge.gauge) ?? {};
        const known = link === 'closed' ? `the agent cannot open it${problem ? `: ${problem}` : ''}` : null;
        const heard = summed(
          events.filter((event) => event.gauge === gauge.gauge),
          identity,
          known,
        );
        return judgeSensor(gauge, config.sampling.trigger, heard, world.listenMs, () => tryOthers(gauge, world));
      }),
    );
    return found.flat();
  },
};

async function listenAll({ agent, listenMs }: World, config: AgentConfig): Promise<TailEvent[]> {
  const events: TailEvent[] = [];
  await listenLive(config, agent, { signal: AbortSignal.timeout(listenMs), onEvent: (event) => events.push(event) });
  return events;
}

/** Pure. */
function summed(events: readonly TailEvent[], known: readonly string[], closed: string | null): Heard {
  const heard = events.filter((event) => event.event === 'heard');
  const decoded = heard.flatMap((event) => event.decoded);
  const lines = events.filter((event) => event.event === 'line');
  const last = lines.at(-1);
  const texts = (kind: 'identity' | 'problem') =>
    decoded.flatMap((each) => (each.kind === kind && 'text' in each ? [each.text] : []));
  const sum = (of: 'badFrames' | 'discardedBytes') => heard.reduce((total, event) => total + event[of], 0);
  return {
    bytes: Buffer.from(heard.map(({ hex }) => hex).join(''), 'hex'),
    frames: decoded.length,
    badFrames: sum('badFrames'),
    discardedBytes: sum('discardedBytes'),
    echoes: decoded.flatMap((each) => (each.kind === 'sample' ? [each.sample.echo] : [])),
    identity: [...new Set([...known, ...texts('identity')])],
    advice: [...new Set(texts('problem'))],
    shows: heard
      .filter(({ hex }) => hex !== '')
      .slice(-piecesShown)
      .map((event) => `${dump(event.hex, 8)}  ${meaning(event)}`.trimEnd()),
    closed: last?.link === 'closed' ? last.reason : last ? null : closed,
  };
}

type Others = () => Promise<readonly Swept[] | string>;

/** `tryOthers`: what other speeds give, or why they cannot be tried. */
async function judgeSensor(
  config: GaugeConfig,
  trigger: AgentConfig['sampling']['trigger'],
  heard: Heard,
  listenMs: number,
  tryOthers: Others,
): Promise<Finding[]> {
  const { gauge, sensor: name } = config;
  const { bytes, frames, shows } = heard;
  if (heard.closed !== null && frames === 0)
    return [fail(`${gauge}: the line is closed: ${heard.closed}`, 'see port and port owner above')];
  if (frames > 0)
    return [
      ...judgeFrames(gauge, name, heard, listenMs),
      ...heard.advice.map((advice) => warn(`${gauge}: ${advice}`, "see the sensor's page in the field guide")),
    ];
  if (bytes.length === 0 && trigger === 'burst')
    return [
      warn(
        `${gauge}: not a byte in ${listenMs / 1_000} s; it is woken, so it may be asleep`,
        'wake it, or: siaga-agent doctor --seconds 120',
      ),
    ];
  if (bytes.length === 0) return [fail(`${gauge}: not a byte in ${listenMs / 1_000} s`, silenceMend(config))];
  const others = await tryOthers();
  const says = `${gauge}: ${bytes.length} bytes, but no frame of ${name}`;
  if (typeof others === 'string')
    return [fail(says, `${isPatterned(bytes) ? 'another speed or another sensor: ' : ''}${others}`, shows)];
  const match = others.find(({ sensors }) => sensors.length > 0);
  if (match?.sensors.includes(name))
    return [fail(says, `it speaks at ${match.baudRate} baud: set the sensor, or its setting 'baud'`, shows)];
  if (match)
    return [
      fail(says, `it speaks like ${match.sensors.join(' or ')} at ${match.baudRate} baud: correct 'sensor'`, shows),
    ];
  if (isPatterned(bytes))
    return [
      fail(
        says,
        'a pattern, as of another sensor, an odd speed or an inverted line: what is printed on the sensor? RS232 on a TTL adapter?',
        shows,
      ),
    ];
  return [
    fail(
      says,
      'noise: is ground connected? a shorter or shielded cable, away from power lines; a better adapter',
      shows,
    ),
  ];
}

/** What to look at where nothing is heard, by how the sensor is made to speak. */
function silenceMend(config: GaugeConfig): string {
  const { dialogue, baudRate, parity = 'none' } = createDriver(config);
  if (dialogue.kind === 'polled') {
    const unit = 'unit' in config ? (config.unit ?? 1) : 1;
    return `is it powered? A and B swapped? is it set to unit ${unit}, ${baudRate} baud, parity ${parity}?`;
  }
  const wires = 'is it powered? its TX on our RX, ground on ground?';
  return dialogue.kind === 'asked'
    ? `${wires} its RX on our TX? is it of the triggered type?`
    : `${wires} a TTL sensor on an RS232 adapter? a type that speaks only when asked (Modbus, triggered)?`;
}

function judgeFrames(gauge: string, name: string, heard: Heard, listenMs: number): Finding[] {
  const { frames, badFrames, echoes, identity, shows } = heard;
  const rate = (frames / (listenMs / 1_000)).toFixed(1);
  const said = identity.length === 0 ? '' : `, says of itself: ${identity.join(' ')}`;
  const says = `${gauge}: ${rate} frames/s of ${name}${said}`;
  const all = (echo: string) => echoes.length > 0 && echoes.every((each) => each === echo);
  const badShare = badFrames / (frames + badFrames);
  if (all('dead'))
    return [fail(`${says}; it says that it is dead`, 'power it off and on; if that is no help, replace it', shows)];
  if (all('blanking'))
    return [
      warn(
        `${says}; blocked, or nearer than it can measure`,
        'look under it: spider web, branch, bird? or very high water',
        shows,
      ),
    ];
  if (all('none'))
    return [warn(`${says}; it sees nothing in range`, 'is it level, aimed at the water, within its range?', shows)];
  if (badShare > 0.1)
    return [
      warn(
        `${says}; ${Math.round(100 * badShare)} % of frames are broken`,
        'a shorter or shielded cable, ground, away from power lines',
        shows,
      ),
    ];
  return [pass(says, shows)];
}

async function tryOthers(
  { port, sensor: name, ...rest }: GaugeConfig,
  { agent, listenMs }: World,
): Promise<readonly Swept[] | string> {
  if (agent) return 'sudo systemctl stop siaga-agent; siaga-agent doctor then tries other speeds and sensors';
  const { baudRate } = createDriver({ port, sensor: name, ...rest } as GaugeConfig);
  const bauds = [baudRate, ...commonBauds.filter((each) => each !== baudRate)];
  try {
    return await sweep(port, candidates(), bauds, Math.min(sweepEachMostMs, listenMs));
  } catch (error) {
    return `other speeds could not be tried: ${messageOf(error)}`;
  }
}
