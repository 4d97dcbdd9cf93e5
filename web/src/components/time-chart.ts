import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';

/** A horizontal zone of the chart: from a value up to the next, in its colour (a CSS custom property's name). */
type Zone = {
  readonly from: number | null;
  readonly to: number | null;
  readonly colour: string;
  readonly label: string | undefined;
};

/** What is to be seen: columns as uPlot takes them (time in ms, then max, min, mean), and what lies around them. */
export type ChartPicture = {
  readonly columns: readonly [number[], ...(number | null)[][]];
  readonly fromMs: number;
  readonly toMs: number;
  readonly range: readonly [number, number];
  readonly zones: readonly Zone[];
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number }[];
};

export type ChartOptions = {
  readonly timeZone: string;
  readonly gapLabel: string;
  tickText(ms: number): string;
  /** The point under the cursor, by its place in the columns; null when there is none. */
  onpoint(index: number | null): void;
};

export type TimeChart = {
  paint(picture: ChartPicture): void;
  /** Moves the cursor to a point. */
  point(index: number): void;
  destroy(): void;
};

/** A chart of a value's band and mean over time, filling its element. Knows no domain: texts and zones come in. */
export function createTimeChart(element: HTMLElement, options: ChartOptions): TimeChart {
  let picture: ChartPicture | undefined;
  let theme = readTheme(element);
  const font = '12px system-ui, sans-serif';

  function drawZones(u: uPlot) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const zone of picture?.zones ?? []) {
      const top = zone.to === null ? bbox.top : u.valToPos(zone.to, 'y', true);
      const bottom = zone.from === null ? bbox.top + bbox.height : u.valToPos(zone.from, 'y', true);
      ctx.fillStyle = theme(zone.colour);
      ctx.globalAlpha = 0.2;
      ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
      ctx.globalAlpha = 1;
      if (zone.from !== null) ctx.fillRect(bbox.left, bottom - uPlot.pxRatio, bbox.width, 2 * uPlot.pxRatio);
    }
    for (const gap of picture?.gaps ?? []) drawGap(u, gap);
    ctx.restore();
  }

  function drawGap(u: uPlot, gap: { fromMs: number; toMs: number }) {
    const { ctx, bbox } = u;
    const left = Math.max(bbox.left, u.valToPos(gap.fromMs, 'x', true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(gap.toMs, 'x', true));
    const width = right - left;
    if (width <= 0) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, width, bbox.height);
    ctx.clip();
    ctx.fillStyle = theme('--panel');
    ctx.globalAlpha = 0.75;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.globalAlpha = 0.35;
    ctx.strokeStyle = theme('--stale');
    ctx.lineWidth = 2 * uPlot.pxRatio;
    ctx.beginPath();
    for (let x = left - bbox.height; x < right; x += 10 * uPlot.pxRatio) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.globalAlpha = 1;
    if (width > 56 * uPlot.pxRatio) {
      text(u, options.gapLabel, (left + right) / 2, bbox.top + bbox.height / 2, 'center', theme('--text'));
    }
    ctx.restore();
  }

  function drawLabels(u: uPlot) {
    const { bbox } = u;
    for (const zone of picture?.zones ?? []) {
      if (zone.from === null || zone.label === undefined) continue;
      const y = u.valToPos(zone.from, 'y', true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      // Above its limit, in its own zone; below where the chart ends.
      const room = y - bbox.top > 18 * uPlot.pxRatio;
      const middle = y + (room ? -9 : 11) * uPlot.pxRatio;
      text(u, zone.label, bbox.left + 8 * uPlot.pxRatio, middle, 'left', theme('--text'));
    }
  }

  function text(u: uPlot, words: string, x: number, y: number, align: CanvasTextAlign, colour: string) {
    const { ctx } = u;
    ctx.save();
    ctx.font = `600 ${12 * uPlot.pxRatio}px system-ui, sans-serif`;
    ctx.textAlign = align;
    ctx.textBaseline = 'middle';
    ctx.lineJoin = 'round';
    ctx.lineWidth = 4 * uPlot.pxRatio;
    ctx.strokeStyle = theme('--panel');
    ctx.strokeText(words, x, y);
    ctx.fillStyle = colour;
    ctx.fillText(words, x, y);
    ctx.restore();
  }

  const axis = {
    stroke: () => theme('--dim'),
    font,
    grid: { stroke: () => theme('--line'), width: 1 },
    ticks: { stroke: () => theme('--line'), width: 1, size: 5 },
  };
  const chart = new uPlot(
    {
      width: Math.max(50, element.clientWidth),
      height: Math.max(50, element.clientHeight),
      ms: 1,
      tzDate: (ms) => uPlot.tzDate(new Date(ms), options.timeZone),
      legend: { show: false },
      padding: [8, 12, 0, 0],
      cursor: { drag: { x: false, y: false }, y: false, points: { size: 9 } },
      scales: {
        x: { range: () => [picture?.fromMs ?? 0, picture?.toMs ?? 1] },
        y: { range: () => [picture?.range[0] ?? 0, picture?.range[1] ?? 1] },
      },
      axes: [
        { ...axis, size: 34, space: 56, values: (_, splits) => splits.map((ms) => options.tickText(ms)) },
        { ...axis, size: 48, space: 32, values: (_, splits) => splits.map((value) => `${value}`.replace('-', '−')) },
      ],
      series: [
        {},
        { points: { show: false }, stroke: 'transparent' },
        { points: { show: false }, stroke: 'transparent' },
        { stroke: () => theme('--text'), width: 2, points: { size: 4 } },
      ],
      bands: [{ series: [1, 2], fill: () => theme('--band') }],
      hooks: {
        drawClear: [drawZones],
        draw: [drawLabels],
        setCursor: [(u) => options.onpoint(u.cursor.idx ?? null)],
      },
    },
    [[], [], [], []],
    element,
  );

  const resizes = new ResizeObserver(() => {
    chart.setSize({ width: Math.max(50, element.clientWidth), height: Math.max(50, element.clientHeight) });
  });
  resizes.observe(element);
  const scheme = window.matchMedia('(prefers-color-scheme: light)');
  const onScheme = () => {
    theme = readTheme(element);
    chart.redraw();
  };
  scheme.addEventListener('change', onScheme);

  return {
    paint(next) {
      picture = next;
      chart.setData(next.columns as unknown as uPlot.AlignedData);
    },
    point(index) {
      const atMs = picture?.columns[0][index];
      if (atMs === undefined) return;
      chart.setCursor({ left: chart.valToPos(atMs, 'x'), top: chart.over.clientHeight / 2 });
    },
    destroy() {
      resizes.disconnect();
      scheme.removeEventListener('change', onScheme);
      chart.destroy();
    },
  };
}

/** Colours by the names of their custom properties, as they are now. */
function readTheme(element: HTMLElement): (name: string) => string {
  const style = getComputedStyle(element);
  const known = new Map<string, string>();
  return (name) => {
    const colour = known.get(name) ?? (style.getPropertyValue(name).trim() || 'gray');
    known.set(name, colour);
    return colour;
  };
}
