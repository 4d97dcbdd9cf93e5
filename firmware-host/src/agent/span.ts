/**
 * A span of time that ends by itself, whatever happens to the power and the clock meanwhile. In its own boot the
 * monotonic clock ends it; in a later one the wall clock does, and the time since that boot at the latest. Pure.
 */
import { type Static, Type } from 'typebox';

export const Span = Type.Object({
  untilMs: Type.Number(),
  lengthMs: Type.Number(),
  boot: Type.String(),
  untilMonoMs: Type.Number(),
});
export type Span = Static<typeof Span>;

/** `ms`: the agent's clock, `monoMs`: real ms since this boot. */
export type Now = { readonly ms: number; readonly monoMs: number; readonly boot: string };

export function spanFrom(now: Now, lengthMs: number): Span {
  return { untilMs: now.ms + lengthMs, lengthMs, boot: now.boot, untilMonoMs: now.monoMs + lengthMs };
}

/** How long it lasts still, 0 when it is over. */
export function remainingMs({ untilMs, lengthMs, boot, untilMonoMs }: Span, now: Now): number {
  const restMs = boot === now.boot ? untilMonoMs - now.monoMs : Math.min(untilMs - now.ms, lengthMs - now.monoMs);
  return Math.max(0, restMs);
}
