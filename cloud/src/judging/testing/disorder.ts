import type { IncomingBatch } from '../../ports.ts';
import { incoming, streamA } from '../../store/testing.ts';
import { atStage } from './record.ts';

const stations = ['katulampa', 'depok'] as const;
const perMessage = 10;

/** About two weeks of two stations at 10 min: floods with spikes and gaps, and corrections; out of order, always the same. */
export function disorderedMessages(count: number): IncomingBatch[] {
  const messages = Array.from({ length: count }, (_, m): IncomingBatch => {
    const station = stations[m % stations.length] ?? stations[0];
    const first = Math.floor(m / stations.length) * perMessage;
    const readings = Array.from({ length: perMessage }, (_, i) =>
      atStage(first + i + 1, 10 * (first + i), stageAt(first + i)),
    );
    const isCorrection = m % 19 === 18;
    return isCorrection
      ? incoming(
          readings.map((each) => atStage(each.seq, (each.seq + 3) * 10, stageAt(each.seq * 7))),
          { station, rev: 1 },
        )
      : incoming(m % 23 === 22 ? readings.slice(0, 2) : readings, { station, intervalS: 600, stream: streamA });
  });
  return messages
    .map((message, i) => [(i * 7919) % 2003, message] as const)
    .sort(([a], [b]) => a - b)
    .map(([, message]) => message);
}

function stageAt(n: number): number {
  const spike = n % 37 === 0 ? 1500 : 0;
  return 900 + Math.round(800 * Math.sin(n / 15) + 500 * Math.sin(n / 4) + spike);
}
