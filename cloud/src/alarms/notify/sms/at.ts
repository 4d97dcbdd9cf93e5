/** One AT command after another (ITU-T V.250, 3GPP TS 27.007), and the answer to each; what nobody asked for is passed over. */
import { openModemLine } from './line.ts';

export type AtAnswer =
  | { readonly state: 'ok'; readonly lines: readonly string[] }
  | { readonly state: 'prompt' }
  | { readonly state: 'error'; readonly kind: 'cme' | 'cms' | 'plain'; readonly code: number }
  /** Nothing that ends an answer came in time, or the line was lost. */
  | { readonly state: 'silent' }
  | { readonly state: 'lost' };

export type AtPort = {
  /** Writes `text` as it is and waits for its end. One at a time. */
  ask(text: string, limitMs: number): Promise<AtAnswer>;
  lost(): boolean;
  close(): Promise<void>;
};

/** Longer than any answer that we ask for: a line that only babbles is cut. */
const maxPending = 8192;
const maxLines = 100;

export async function openAtPort(path: string, baudRate: number): Promise<AtPort> {
  let pending = '';
  let lines: string[] = [];
  let lost = false;
  let answered: ((answer: AtAnswer) => void) | null = null;

  const answer = (what: AtAnswer): void => {
    answered?.(what);
    answered = null;
  };

  const takeLine = (line: string): void => {
    const end = finalAnswer(line, lines);
    if (end !== null) answer(end);
    else if (line !== '' && lines.length < maxLines) lines.push(line);
  };

  const line = await openModemLine(
    path,
    baudRate,
    (text) => {
      pending = (pending + text).slice(-maxPending);
      const parts = pending.split(/[\r\n]+/);
      pending = parts.pop() ?? '';
      for (const part of parts) takeLine(part.trim());
      if (/^> ?$/.test(pending)) {
        pending = '';
        answer({ state: 'prompt' });
      }
    },
    () => {
      lost = true;
      answer({ state: 'lost' });
    },
  );

  return {
    lost: () => lost,
    ask(text, limitMs) {
      if (lost) return Promise.resolve({ state: 'lost' });
      lines = [];
      return new Promise((resolve) => {
        const timer = setTimeout(() => answer({ state: 'silent' }), limitMs);
        answered = (what) => {
          clearTimeout(timer);
          resolve(what);
        };
        line.write(text).catch(() => answer({ state: 'lost' }));
      });
    },
    async close() {
      lost = true;
      answer({ state: 'lost' });
      await line.close();
    },
  };
}

/** What ends an answer; null for every other line. */
function finalAnswer(line: string, lines: readonly string[]): AtAnswer | null {
  if (line === 'OK') return { state: 'ok', lines };
  const [, kind, code] = /^\+(CME|CMS) ERROR: *(\d+)/.exec(line) ?? [];
  if (kind !== undefined) return { state: 'error', kind: kind === 'CME' ? 'cme' : 'cms', code: Number(code) };
  return /^(ERROR|\+CM[ES] ERROR)/.test(line) ? { state: 'error', kind: 'plain', code: 0 } : null;
}
