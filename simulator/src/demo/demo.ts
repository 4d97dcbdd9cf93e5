import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentConfig, startAgent } from '@siaga/firmware-host';
import type { Clock } from '@siaga/protocol';
import type { Logger } from 'pino';
import { readCatalogue } from '../catalogue.ts';
import type { StationFault } from '../fault-text.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import type { Scenario } from '../scenario.ts';
import { jakarta2014, jakarta2014Catalogue } from '../scenarios/jakarta-2014/scenario.ts';
import { backfillIntervalMs, backfillStation } from './backfill.ts';
import { wakeRegularly } from './live.ts';
import { openRig, planStations, type Rig } from './rig.ts';
import { stateIn } from './state.ts';

const dayMs = 86_400_000;
const pings = 7;

/** What a demonstration tells its starter. */
export type DemoEvent =
  | { readonly event: 'backfilling'; readonly readings: number; readonly of: number }
  | { readonly event: 'backfilled'; readonly readings: number; readonly seconds: number }
  | { readonly event: 'live'; readonly stations: number; readonly intervalS: number };

export type DemoOptions = {
  readonly dataDir: string;
  readonly pkiDir: string;
  readonly mqttUrl: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly catalogue?: string | URL;
  readonly scenario?: Scenario;
  readonly intervalS?: number;
  /** How much of the past a first start, or a long pause, is given. */
  readonly backfillMs?: number;
  /** Where to keep a ledger of every burst; none without. */
  readonly ledgerFile?: string;
  /** What goes wrong once the stations are live. */
  readonly faults?: readonly StationFault[];
  onEvent?(event: DemoEvent): void;
};

/** How to end something that has been started, and whether others stand on it (ttys, the ledger). */
type Ending = { readonly layer: 'agent' | 'ground'; end(): Promise<void> };

/** A demonstration under way. */
export type Demo = {
  /** Resolves when every station is live; rejects when it cannot come to that. Resolves too when stopped before. */
  readonly live: Promise<void>;
  /** Stops agents, then ttys; what was stored stays stored. May be called at any time. */
  stop(): Promise<void>;
};

/**
 * Plays a scenario on real ttys with one real agent a station, all in this process. First the past
 * (24 h, or what is missing since the last start) goes through the agents' own outboxes, without an
 * uplink; then the agents start again with the live clock and the uplink. Goes on from where it was
 * when `dataDir` has been played in before.
 */
export function startDemo(options: DemoOptions): Demo {
  const stopping = new AbortController();
  const endings: Ending[] = [];
  const live = play(options, stopping.signal, endings);
  // Whoever does not await `live` hears of a failure by `stop` being all that is left to call.
  live.catch(() => {});
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    stopping.abort();
    await live.catch(() => {});
    // Agents and sensors all at once (each gives its uplink a moment for last words), then what they stood on.
    const ends = endings.splice(0).reverse();
    await Promise.all(ends.filter(({ layer }) => layer === 'agent').map(({ end }) => end()));
    for (const { end } of ends.filter(({ layer }) => layer === 'ground')) await end();
  }
  return {
    live,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

async function play(options: DemoOptions, signal: AbortSignal, endings: Ending[]): Promise<void> {
  const { dataDir, clock, scenario = jakarta2014, catalogue = jakarta2014Catalogue, intervalS = 15 } = options;
  const plans = planStations((await readCatalogue(catalogue)).stations, scenario);
  const unknown = options.faults?.find(({ station }) => !plans.some((plan) => plan.station === station));
  if (unknown !== undefined) throw new Error(`--fault: the catalogue has no station ${unknown.station}`);
  await Promise.all(plans.map(({ station }) => credentialsReadable(options.pkiDir, station)));
  await mkdir(dataDir, { recursive: true });
  const fresh = { v: 1, scenario: scenario.name, clockMs: clock.now(), scenarioMs: scenario.entryMs } as const;
  const state = await stateIn(dataDir, fresh);
  const ledger = await ledgerIn(options.ledgerFile, endings);

  const rigs: Rig[] = [];
  for (const plan of plans) {
    const rig = await openRig({ plan, dataDir, state, ledger });
    endings.push({ layer: 'ground', end: rig.close });
    rigs.push(rig);
  }
  await backfill(options, rigs, signal);
  if (signal.aborted) return;
  for (const [i, rig] of rigs.entries()) {
    if (signal.aborted) return;
    endings.push({ layer: 'agent', end: await goLive(rig, options, intervalS, i / rigs.length) });
  }
  options.onEvent?.({ event: 'live', stations: rigs.length, intervalS });
}

/** Starts a station's agent with the live clock and the uplink, and wakes its sensor. Resolves with how to end both. */
async function goLive(rig: Rig, options: DemoOptions, intervalS: number, phase: number): Promise<() => Promise<void>> {
  const { clock, log } = options;
  const faults = (options.faults ?? [])
    .filter(({ station }) => station === rig.station)
    .map(({ make }) => make(clock.now()));
  const agent = await startAgent({
    config: liveConfig(rig, options, intervalS),
    clock,
    log,
    onStored: ({ observedAtMs }) => rig.bookmark.move(observedAtMs),
  });
  const waking = wakeRegularly({
    gauge: rig.gaugeBy(clock, faults),
    clock,
    intervalMs: intervalS * 1000,
    phaseMs: Math.floor(phase * intervalS * 1000),
    distanceMm: rig.distanceMm,
    onFault: (fault) => log.error({ station: rig.station, err: fault }, 'virtual gauge failed'),
  });
  return async () => {
    await waking.stop();
    await agent.stop();
  };
}

async function ledgerIn(file: string | undefined, endings: Ending[]): Promise<Ledger | undefined> {
  if (file === undefined) return undefined;
  const ledger = await openLedger(file);
  endings.push({ layer: 'ground', end: () => ledger.close() });
  return ledger;
}

/** A demonstration without certificates would only be found out after its back-fill. */
async function credentialsReadable(pkiDir: string, station: string): Promise<void> {
  const folder = join(pkiDir, 'devices', station);
  await Promise.all(
    ['ca.crt', 'device.crt', 'device.key'].map((file) => access(join(folder, file), constants.R_OK)),
  ).catch((cause: unknown) => {
    throw new Error(`${folder} holds no certificate for this station: make one with siaga pki device ${station}`, {
      cause,
    });
  });
}

/** Runs the back-fill of all stations side by side and tells how far it is, ten times in all. */
async function backfill(options: DemoOptions, rigs: readonly Rig[], signal: AbortSignal): Promise<void> {
  const { clock, log, backfillMs = dayMs, onEvent } = options;
  const startedMs = performance.now();
  const nowMs = clock.now();
  const starts = rigs.map((rig) => Math.max(nowMs - backfillMs, rig.bookmark.at() ?? 0));
  const expected = starts.reduce((sum, fromMs) => sum + Math.floor((nowMs - fromMs) / backfillIntervalMs), 0);
  let readings = 0;
  const onReading = () => {
    readings += 1;
    if (expected >= 100 && readings % Math.ceil(expected / 10) === 0)
      onEvent?.({ event: 'backfilling', readings, of: expected });
  };
  // All settle before a failure is told: nothing may still be running when its owner tidies up.
  const outcomes = await Promise.allSettled(
    rigs.map((rig, i) =>
      backfillStation({
        rig,
        config: { ...configOf(rig, backfillIntervalMs / 1000), uplink: null },
        clock,
        fromMs: starts[i] as number,
        log: log.child({ station: rig.station }),
        signal,
        onReading,
      }),
    ),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  onEvent?.({ event: 'backfilled', readings, seconds: Math.round(performance.now() - startedMs) / 1000 });
}

/** The settings of one station's agent: gauges are woken by us, so a run of pings is a reading. */
function configOf(rig: Rig, intervalS: number): AgentConfig {
  return {
    station: rig.station,
    data: rig.dataDir,
    sampling: { intervalS, pings, trigger: 'burst' },
    gauges: [rig.gaugeConfig],
  };
}

function liveConfig(rig: Rig, { pkiDir, mqttUrl }: DemoOptions, intervalS: number): AgentConfig {
  const folder = join(pkiDir, 'devices', rig.station);
  const [ca, cert, key] = [join(folder, 'ca.crt'), join(folder, 'device.crt'), join(folder, 'device.key')];
  return { ...configOf(rig, intervalS), uplink: { url: mqttUrl, ca, cert, key } };
}
