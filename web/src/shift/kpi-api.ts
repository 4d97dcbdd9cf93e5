import { parserOf } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { type Fetched, getJson } from '../feed/client.ts';

const Count = Type.Integer({ minimum: 0 });
const Portion = Type.Object({ count: Count, share: Type.Number() });
const Seconds = Type.Union([Type.Number(), Type.Null()]);

/** What the page shows of the figures of alarm management; shares are 0 to 1. */
const AlarmKpis = Type.Object({
  from: Type.String({ format: 'date-time' }),
  to: Type.String({ format: 'date-time' }),
  items: Type.Object({
    count: Count,
    per10MinAverage: Type.Number(),
    per10MinMax: Type.Number(),
    floods: Type.Array(Type.Object({ count: Count })),
    floodShare: Type.Number(),
  }),
  priorities: Type.Object({ low: Portion, medium: Portion, high: Portion }),
  chattering: Type.Array(Type.String()),
  stale: Type.Array(Type.String()),
  topTen: Type.Array(Type.Object({ key: Type.String(), count: Count, share: Type.Number() })),
  timeToAcknowledge: Type.Object({
    items: Type.Object({ answered: Count, unanswered: Count, medianS: Seconds, p90S: Seconds }),
  }),
  unauthorisedSuppressions: Count,
});
export type AlarmKpis = Static<typeof AlarmKpis>;
const parseKpis = parserOf(AlarmKpis);

export function fetchKpis(fromMs: number, toMs: number, operators: number): Promise<Fetched<AlarmKpis>> {
  const span = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
  return getJson(`/api/v1/alarm-kpis?${new URLSearchParams({ ...span, operators: String(operators) })}`, parseKpis);
}
