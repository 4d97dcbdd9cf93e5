import { setTimeout as pause } from 'node:timers/promises';
import type { VirtualGauge } from '@siaga/simulator';
import type { Page } from 'playwright-core';
import { openBrowser, rowOf } from '../../harness/browser.ts';
import { eventually } from '../../harness/eventually.ts';
import { lacks } from '../../harness/needs.ts';
import { atMost, figure, missing, type Row } from '../report.ts';
import { percentile } from '../statistics.ts';
import { type Rig, sensorElevationMm } from './rig.ts';

const crossings = 200;
const barMs = 1000;
const what = 'limit crossed → painted in a real browser, p99';
/** Half a metre to either side of the limit at 3 m: far beyond the dead-band. */
const above = { distanceMm: sensorElevationMm - 3500, severity: '3' };
const below = { distanceMm: sensorElevationMm - 2500, severity: '2' };

/** A station's severity as it changed in the page, at the real time of the frame after the one that painted it. */
type Painted = { readonly station: string; readonly severity: string; readonly realMs: number };

/** From the moment the kernel had the last byte of a burst beyond a limit to the changed row in a real browser. */
export async function measureBrowserCrossings(rig: Rig): Promise<Row[]> {
  const reason = lacks.chromium();
  if (reason) return [missing(what, reason)];
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(rig.platform.httpUrl);
    for (const station of rig.gauges.keys()) await rowOf(page, station).waitFor();
    const painted = await watchPaints(page);
    const each = Math.ceil(crossings / rig.gauges.size);
    const tookMs: number[] = [];
    const of = async ([station, gauge]: [string, VirtualGauge]) => {
      const start = await rowOf(page, station).getAttribute('data-severity');
      // The first crossing must be one.
      const sides = start === above.severity ? [below, above] : [above, below];
      for (let i = 0; i < each; i++) {
        tookMs.push(await timeCrossing(painted, station, gauge, sides[i % 2] ?? above));
        await pause(50 + Math.random() * 200);
      }
    };
    await Promise.all([...rig.gauges].map(of));
    return [
      figure('limit crossed → painted in a real browser, p50', percentile(tookMs, 0.5), 'ms'),
      atMost(barMs, what, percentile(tookMs, 0.99), 'ms'),
      figure('limit crossed → painted in a real browser, crossings', tookMs.length, ''),
    ];
  } finally {
    await browser.close();
  }
}

/** Has the page tell of every row whose severity changes. */
async function watchPaints(page: Page): Promise<readonly Painted[]> {
  const painted: Painted[] = [];
  await page.exposeFunction('tellPainted', (each: Painted) => void painted.push(each));
  await page.evaluate(() => {
    const tell = (globalThis as unknown as { tellPainted(each: Painted): void }).tellPainted;
    const afterPaint = (then: () => void) => requestAnimationFrame(() => requestAnimationFrame(then));
    new MutationObserver((mutations) => {
      for (const { target } of mutations) {
        const { station = '', severity = '' } = (target as HTMLElement).dataset;
        afterPaint(() => tell({ station, severity, realMs: performance.timeOrigin + performance.now() }));
      }
    }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['data-severity'] });
  });
  return painted;
}

async function timeCrossing(
  painted: readonly Painted[],
  station: string,
  gauge: VirtualGauge,
  side: typeof above,
): Promise<number> {
  const from = painted.length;
  const { realMs } = await gauge.burst(side.distanceMm);
  const change = await eventually(
    `${station} painted as ${side.severity}`,
    () => painted.slice(from).find((each) => each.station === station && each.severity === side.severity),
    { everyMs: 5 },
  );
  return change.realMs - realMs;
}
