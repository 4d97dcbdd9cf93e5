/**
 * Calibrations that technicians made on site. A device tells of its own; the platform keeps each as proposed, and only a
 * person makes it count: from then on the stage is computed by it from its `validFrom`, the past included.
 */
import { createHash } from 'node:crypto';
import type { About, Calibration, Clock, StationId } from '@siaga/protocol';
import type { Actor } from '../domain/alarm.ts';
import type { DatedCalibration } from '../domain/stage.ts';
import { put, recordKind, type StateStore } from '../ports.ts';
import { createPace } from './pki/pace.ts';
import { isSame, type StandingCatalogue } from './standing.ts';
import type { CatalogueStation } from './station.ts';

export type Decision = 'accepted' | 'refused';

export type KeptCalibration = {
  readonly station: StationId;
  /** The signed record's SHA-256; of the calibration's text where the device names no record. */
  readonly record: string;
  readonly calibration: Calibration;
  readonly proposedAtMs: number;
  readonly state: 'proposed' | Decision;
  readonly decided: { readonly by: Actor; readonly atMs: number; readonly reason: string | null } | null;
};

export type Decided =
  | { readonly ok: true; readonly kept: KeptCalibration }
  | { readonly ok: false; readonly code: 'not-found' | 'invalid'; readonly reason: string };

export type Calibrations = {
  /** Learns what was proposed and decided, and has the catalogue stand by it. Before anything is judged. */
  start(): Promise<void>;
  /** A device told of itself: keeps what is new. */
  heard(station: StationId, about: About): Promise<void>;
  /** Of a station, newest `validFrom` first. */
  of(station: StationId): readonly KeptCalibration[];
  /** Accepting what was refused, and refusing what was accepted, is possible: people err. */
  decide(actor: Actor, station: StationId, record: string, decision: Decision, reason: string | null): Promise<Decided>;
};

export type CalibrationsOptions = {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly catalogue: StandingCatalogue;
  /** The station stands otherwise from `fromMs` on: what was judged by its calibrations is to be judged anew. */
  readonly onChanged: (before: CatalogueStation, now: CatalogueStation, fromMs: number) => Promise<void>;
};

const calibrationKind = recordKind<KeptCalibration>('calibration');

/** A technician's clock may be a little ahead; a date further on is a mistake. */
const aheadMs = 15 * 60_000;
/** As many as one message may tell of. */
const mostProposed = 64;
const news = { most: 10, spanMs: 10 * 60_000 };

export function createCalibrations(options: CalibrationsOptions): Calibrations {
  const { state, clock, catalogue, onChanged } = options;
  const all = new Map<StationId, Map<string, KeptCalibration>>();
  const pace = createPace(news.most, news.spanMs);
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  }

  function remember(kept: KeptCalibration): void {
    const ofStation = all.get(kept.station) ?? new Map<string, KeptCalibration>();
    all.set(kept.station, ofStation.set(kept.record, kept));
  }

  function record(kept: KeptCalibration) {
    return put({
      kind: calibrationKind,
      id: `${kept.station}/${kept.record}`,
      body: kept,
      subject: kept.station,
      atMs: kept.proposedAtMs,
    });
  }

  function stand(station: StationId): CatalogueStation | undefined {
    const accepted = [...(all.get(station)?.values() ?? [])].filter((kept) => kept.state === 'accepted');
    return catalogue.accept(
      station,
      accepted.map(({ calibration }) => datedCalibration(calibration)),
    );
  }

  return {
    async start() {
      for (const { body } of await state.records(calibrationKind)) remember(body);
      for (const station of all.keys()) stand(station);
    },
    heard: (station, about) =>
      inTurn(async () => {
        const place = catalogue.station(station);
        if (place === undefined) return;
        const known = all.get(station) ?? new Map<string, KeptCalibration>();
        const told = about.calibrations
          .filter((each) => place.gauges.some(({ id }) => id === each.gauge) && !isInCatalogue(each, place))
          .map((calibration): [string, Calibration] => [recordOf(calibration), calibration]);
        const fresh = [...new Map(told)]
          .filter(([record]) => !known.has(record))
          .map(
            ([record, calibration]): KeptCalibration => ({
              station,
              record,
              calibration,
              proposedAtMs: clock.now(),
              state: 'proposed',
              decided: null,
            }),
          );
        if (fresh.length === 0 || !pace(station, clock.now())) return;
        // What nobody decided on makes room for what the device tells now, the oldest first.
        const isTold = new Set(told.map(([record]) => record));
        const waiting = [...known.values()]
          .filter(({ state }) => state === 'proposed')
          .sort(
            (a, b) => Number(isTold.has(a.record)) - Number(isTold.has(b.record)) || a.proposedAtMs - b.proposedAtMs,
          );
        const gone = waiting.slice(0, Math.max(0, waiting.length + fresh.length - mostProposed));
        await state.commit({
          nowMs: clock.now(),
          puts: fresh.map(record),
          removes: gone.map(({ record }) => ({ kind: calibrationKind, id: `${station}/${record}` })),
        });
        for (const { record } of gone) known.delete(record);
        for (const kept of fresh) remember(kept);
      }),
    of: (station) =>
      [...(all.get(station)?.values() ?? [])].sort(
        (a, b) => Date.parse(b.calibration.validFrom) - Date.parse(a.calibration.validFrom),
      ),
    decide: (actor, station, id, decision, reason) =>
      inTurn(async () => {
        const kept = all.get(station)?.get(id);
        const before = catalogue.station(station);
        if (kept === undefined || before === undefined)
          return { ok: false, code: 'not-found', reason: `No calibration ${id} of ${station}.` };
        if (kept.state === decision) return { ok: true, kept };
        const fromMs = Date.parse(kept.calibration.validFrom);
        if (decision === 'accepted' && fromMs > clock.now() + aheadMs)
          return {
            ok: false,
            code: 'invalid',
            reason: `It is valid from ${kept.calibration.validFrom} on, which has not come yet: the device's clock was wrong, or wait.`,
          };
        const decided: KeptCalibration = {
          ...kept,
          state: decision,
          decided: { by: actor, atMs: clock.now(), reason },
        };
        await state.commit({
          nowMs: clock.now(),
          puts: [record(decided)],
          audit: [
            {
              actor,
              act: `calibration.${decision === 'accepted' ? 'accept' : 'refuse'}`,
              subject: station,
              reason,
              before: { state: kept.state },
              after: { state: decision, record: id, calibration: kept.calibration },
            },
          ],
        });
        remember(decided);
        const isInForce = kept.state === 'accepted' || decision === 'accepted';
        const now = isInForce ? stand(station) : undefined;
        if (now !== undefined) await onChanged(before, now, fromMs);
        return { ok: true, kept: decided };
      }),
  };
}

export function datedCalibration(calibration: Calibration): DatedCalibration {
  const { gauge, validFrom, sensorElevationMm, faceOffsetMm, benchmark, surveyedOn, relevelDue } = calibration;
  return {
    gauge,
    validFromMs: Date.parse(validFrom),
    sensorElevationMm,
    faceOffsetMm,
    benchmark: benchmark ?? null,
    surveyedOn: surveyedOn ?? null,
    ...(relevelDue === undefined ? {} : { relevelDue }),
  };
}

/** What the file says already needs no decision. */
function isInCatalogue(calibration: Calibration, { calibrations }: CatalogueStation): boolean {
  const dated = datedCalibration(calibration);
  return calibrations.some((each) => isSame(each, dated));
}

function recordOf(calibration: Calibration): string {
  if (calibration.record !== undefined) return calibration.record;
  const text = JSON.stringify(Object.entries(calibration).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(text).digest('hex');
}
