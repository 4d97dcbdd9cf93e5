/**
 * One HTTP request and its answer, within a limit of time, and the truth about whether it may have been taken: not
 * before all of it was handed to a connection that stood. Redirects are not followed; connections are not kept.
 */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { codeText, faultText } from './faults.ts';
import { literalAllowed, publicLookup } from './reachable.ts';
import type { NetworkSettings } from './settings.ts';

export type HttpRequest = {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** The URL is a person's, not the deployment's: only public addresses and allowed hosts. */
  readonly foreign: boolean;
};

export type HttpAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfterS: number | null; readonly body: string }
  | { readonly kind: 'failed'; readonly fault: string; readonly maybeSent: boolean };

/** Of an answer no more than this is read: it is looked at for a reference or a reason. */
const maxAnswerBytes = 65_536;

export async function exchange(
  { url, method, headers, body, foreign }: HttpRequest,
  { timeoutMs, ca, allowedHosts }: NetworkSettings,
  ended: AbortSignal,
): Promise<HttpAnswer> {
  const guarded = foreign && !allowedHosts.has(url.hostname.toLowerCase().replace(/^\[|\]$/g, ''));
  if (guarded && !literalAllowed(url.hostname))
    return { kind: 'failed', fault: codeText('EADDRREFUSED'), maybeSent: false };
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const limit = AbortSignal.timeout(timeoutMs);
  let handedOver = false;

  return new Promise((resolve) => {
    const fail = (error: unknown): void => {
      const fault = limit.aborted ? `no answer in ${timeoutMs / 1000} s` : ended.aborted ? 'closing' : faultText(error);
      resolve({ kind: 'failed', fault, maybeSent: handedOver });
    };
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method,
      headers: { ...headers, 'content-length': String(bytes.length), connection: 'close' },
      agent: false,
      signal: AbortSignal.any([limit, ended]),
      ...(guarded && { lookup: publicLookup }),
      ...(ca && { ca: [...ca] }),
    });
    request.on('error', fail);
    request.on('finish', () => {
      handedOver = true;
    });
    request.on('response', (response) => {
      // An answer before the whole request went out is an answer all the same.
      const chunks: Buffer[] = [];
      let size = 0;
      const answered = (): void =>
        resolve({
          kind: 'answer',
          status: response.statusCode ?? 0,
          retryAfterS: retryAfterS(response.headers['retry-after'], Date.now()),
          body: Buffer.concat(chunks).toString('utf8'),
        });
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxAnswerBytes) return chunks.push(chunk);
        answered();
        request.destroy();
      });
      response.on('end', answered);
      // The status is the answer: that its text was cut off or trickles changes nothing.
      response.on('error', answered);
    });
    request.end(bytes);
  });
}

const maxRetryAfterS = 86_400;

/** `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. */
export function retryAfterS(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - nowMs) / 1000;
  return Number.isFinite(seconds) ? Math.min(maxRetryAfterS, Math.max(1, Math.ceil(seconds))) : null;
}
