import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from './needs.ts';

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A headless Chromium with a profile of its own; the caller closes it. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('no Chromium on this machine');
  return chromium.launch({ executablePath, headless: true, args: quiet });
}

/** The console's row of one station. */
export function rowOf(page: Page, station: string) {
  return page.locator(`[data-testid="station-row"][data-station="${station}"]`);
}
