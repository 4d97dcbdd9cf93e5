/** How many within a span: true while there is room. Forgets names that were quiet for a span. */
export function createPace(most: number, spanMs: number): (name: string, nowMs: number) => boolean {
  const times = new Map<string, number[]>();
  return (name, nowMs) => {
    if (times.size > 1000) for (const [other, at] of times) if ((at.at(-1) ?? 0) < nowMs - spanMs) times.delete(other);
    const late = (times.get(name) ?? []).filter((at) => at > nowMs - spanMs);
    const room = late.length < most;
    times.set(name, room ? [...late, nowMs] : late);
    return room;
  };
}
