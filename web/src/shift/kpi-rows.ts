import { ageText } from '../format/times.ts';
import type { AlarmKpis } from './kpi-api.ts';
import { shiftWords } from './words.ts';

/** A figure beside its target; `held` null where there is none, or too little happened to judge. */
export type KpiRow = {
  readonly figure: string;
  readonly value: string;
  readonly target: string | null;
  readonly held: boolean | null;
};

const dayMs = 86_400_000;
/** Fewer calls than this have no meaningful shares. */
const enough = 20;

/** The figures beside the targets of ISA-18.2 and EEMUA 191. */
export function kpiRows(kpis: AlarmKpis): KpiRow[] {
  const { figures } = shiftWords.kpis;
  const { items, priorities } = kpis;
  const days = Math.max(1, (Date.parse(kpis.to) - Date.parse(kpis.from)) / dayMs);
  const calls = priorities.low.count + priorities.medium.count + priorities.high.count;
  const topShare = kpis.topTen.reduce((sum, { share }) => sum + share, 0);
  const answers = kpis.timeToAcknowledge.items;
  return [
    {
      figure: figures.average,
      value: number(items.per10MinAverage),
      target: figures.averageTarget,
      held: items.per10MinAverage <= 2,
    },
    {
      figure: figures.most,
      value: number(items.per10MinMax),
      target: figures.mostTarget,
      held: items.per10MinMax <= 10,
    },
    {
      figure: figures.floods,
      value: figures.floodsValue(items.floods.length, percent(items.floodShare)),
      target: figures.floodsTarget,
      held: items.floodShare < 0.01,
    },
    {
      figure: figures.priorities,
      value: [priorities.low, priorities.medium, priorities.high].map(({ share }) => percent(share)).join(', '),
      target: figures.prioritiesTarget,
      held: calls < enough ? null : priorities.high.share <= 0.1 && priorities.low.share >= 0.6,
    },
    {
      figure: figures.chattering,
      value: String(kpis.chattering.length),
      target: figures.none,
      held: kpis.chattering.length === 0,
    },
    {
      figure: figures.stale,
      value: String(kpis.stale.length),
      target: figures.staleTarget,
      held: kpis.stale.length / days < 5,
    },
    {
      figure: figures.top,
      value: percent(topShare),
      target: figures.topTarget,
      held: calls < enough ? null : topShare <= 0.05,
    },
    {
      figure: figures.unauthorised,
      value: String(kpis.unauthorisedSuppressions),
      target: figures.none,
      held: kpis.unauthorisedSuppressions === 0,
    },
    { figure: figures.answer, value: duration(answers.medianS), target: null, held: null },
    { figure: figures.answerSlow, value: duration(answers.p90S), target: null, held: null },
    { figure: figures.unanswered, value: String(answers.unanswered), target: null, held: null },
  ];
}

export function percent(share: number): string {
  return `${number(share * 100)} %`;
}

/** One decimal below ten where it says something, none from there. */
function number(value: number): string {
  return String(Number(value.toFixed(value < 10 ? 1 : 0)));
}

function duration(seconds: number | null): string {
  return seconds === null ? '–' : ageText(seconds * 1000);
}
