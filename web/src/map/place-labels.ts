/** What wants a label: a mark's centre and radius on the screen, and the label's size. Pixels. */
export type Wanted = {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly width: number;
  readonly height: number;
  /** Higher is placed first, and is placed even where it covers a lower label. */
  readonly priority: number;
};

/** A label's upper left corner relative to its mark's centre, or undefined when there is no room for it. */
export type Placed = { readonly dx: number; readonly dy: number } | undefined;

/** A part of the screen. */
export type Box = { left: number; top: number; right: number; bottom: number };

const spacing = 3;
const steps = [0, 12, 26];

/**
 * Places labels beside their marks so that none covers a mark or another label: the important ones first, each at the
 * first free of the places right, left, above and below, then the same further away. From `mustShow` on, a label
 * that finds no free place is put where it covers least. Nothing is
 * put over the `blocked` parts of the screen if there is another place. For tens of marks: time is quadratic.
 */
export function placeLabels(
  wanted: readonly Wanted[],
  size: { width: number; height: number },
  mustShow: number,
  blocked: readonly Box[] = [],
): Placed[] {
  const marks = wanted.map(({ x, y, radius }) => ({
    left: x - radius,
    right: x + radius,
    top: y - radius,
    bottom: y + radius,
  }));
  const taken: Box[] = [...blocked];
  const placed: Placed[] = wanted.map(() => undefined);
  const order = wanted.map((_, index) => index).sort((a, b) => at(wanted, b).priority - at(wanted, a).priority);
  for (const index of order) {
    const label = at(wanted, index);
    const others = marks.filter((_, other) => other !== index);
    const options = candidates(label).map((offset) => {
      const box = boxAt(label, offset);
      return { offset, box, cost: outside(box, size) + 2 * overlap(box, taken) + overlap(box, others) };
    });
    const free = options.find(({ cost }) => cost === 0);
    const best = free ?? (label.priority >= mustShow ? cheapest(options) : undefined);
    if (best === undefined) continue;
    placed[index] = best.offset;
    taken.push(best.box);
  }
  return placed;
}

function candidates({ radius, width, height }: Wanted): { dx: number; dy: number }[] {
  return steps.flatMap((step) => {
    const side = radius + spacing + step;
    const middle = -height / 2;
    return [
      { dx: side, dy: middle },
      { dx: -side - width, dy: middle },
      { dx: side - step / 2, dy: -radius - height + 6 - step },
      { dx: side - step / 2, dy: radius - 6 + step },
      { dx: -side - width + step / 2, dy: -radius - height + 6 - step },
      { dx: -side - width + step / 2, dy: radius - 6 + step },
      { dx: -width / 2, dy: -side - height },
      { dx: -width / 2, dy: side },
    ];
  });
}

function boxAt({ x, y, width, height }: Wanted, { dx, dy }: { dx: number; dy: number }): Box {
  return { left: x + dx, top: y + dy, right: x + dx + width, bottom: y + dy + height };
}

function overlap(box: Box, others: readonly Box[]): number {
  return others.reduce((sum, other) => {
    const width = Math.min(box.right, other.right) - Math.max(box.left, other.left);
    const height = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
    return width > 0 && height > 0 ? sum + width * height : sum;
  }, 0);
}

/** Area of the box beyond the map's edge, for marks that are within it. */
function outside(box: Box, { width, height }: { width: number; height: number }): number {
  const whole = (box.right - box.left) * (box.bottom - box.top);
  return whole - overlap(box, [{ left: 0, top: 0, right: width, bottom: height }]);
}

function cheapest<T extends { cost: number }>(options: readonly T[]): T | undefined {
  return options.reduce<T | undefined>((best, option) => (best && best.cost <= option.cost ? best : option), undefined);
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T;
}
