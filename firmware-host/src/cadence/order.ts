/** The platform's order to look more often, over restarts, until it ends by itself. */
import type { Logger } from 'pino';
import { Type } from 'typebox';
import { type Now, remainingMs, type Span, Span as SpanSchema, spanFrom } from '../agent/span.ts';
import { openStateFile } from '../agent/state-file.ts';
import type { Order } from './cadence.ts';

export type OrderBook = {
  inForce(): Order | null;
  take(intervalS: number, forMs: number): Promise<void>;
};

const State = Type.Union([Type.Object({ intervalS: Type.Integer({ minimum: 1 }), span: SpanSchema }), Type.Null()]);

export async function openOrderBook(path: string, now: () => Now, log: Logger): Promise<OrderBook> {
  const file = await openStateFile(path, State, log);
  let held: { readonly intervalS: number; readonly span: Span } | null = file.held;
  return {
    inForce: () => (held !== null && remainingMs(held.span, now()) > 0 ? { intervalS: held.intervalS } : null),
    async take(intervalS, forMs) {
      held = { intervalS, span: spanFrom(now(), forMs) };
      await file.save(held);
    },
  };
}
