import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** A console in a browser, and everything that a test may want to hold against it. */
export type ConsolePage = {
  readonly page: Page;
  /** Requests to any other origin than the console's own. */
  readonly foreignRequests: readonly string[];
  /** Errors in the browser's console, and exceptions that nobody caught. */
  readonly faults: readonly string[];
};

/** Opens the console in a profile of its own; resolves when the first station is listed. */
export async function openConsole(
  browser: Browser,
  httpUrl: string,
  options: BrowserContextOptions = {},
): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const foreignRequests: string[] = [];
  const faults: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== new URL(httpUrl).origin) foreignRequests.push(request.url());
  });
  page.on('websocket', (socket) => foreignRequests.push(socket.url()));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(httpUrl);
  await page.getByTestId('station-row').first().waitFor();
  return { page, foreignRequests, faults };
}
