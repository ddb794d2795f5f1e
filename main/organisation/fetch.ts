import { defined } from '../base/defined.ts';
import { request } from '../base/http.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { maxSignedBytes } from './signed.ts';

/** Somebody may be waiting for it. */
const timeoutMs = 15_000;

/** A bundle as a server gave it, which nobody has looked at. */
export interface Fetched {
  text: string;
  /** Its version, for the next question. */
  etag?: string;
}

/**
 * Asks the server for the bundle. Redirects are refused, so that what was https stays so, and at the host that was named.
 * @param etag of what is there already
 * @returns undefined where that is still what the server has
 * @throws LatchkeyError `bundle-unreachable`, `bundle-invalid` for one that is too large; the signal's reason
 */
export async function fetchBundle(
  fetch: FetchLike,
  url: string,
  { etag, signal }: { etag?: string | undefined; signal: AbortSignal },
): Promise<Fetched | undefined> {
  const outcome = await request(fetch, url, {
    method: 'GET',
    headers: defined({ 'if-none-match': etag }),
    maxBytes: maxSignedBytes,
    timeoutMs,
    signal,
  });
  if (outcome.kind === 'failed') {
    if (outcome.reason !== 'too-large') throw unreachable(url, outcome.detail);
    throw new LatchkeyError(
      'bundle-invalid',
      'What the address of the organisation leads to is larger than 1 MiB.',
      {
        remedy: 'Check that the address leads to the bundle itself.',
      },
    );
  }
  const { status, headers, text } = outcome;
  if (status === 304 && etag !== undefined) return undefined;
  if (status !== 200) throw unreachable(url, `HTTP ${status}`);
  return { text, ...defined({ etag: usable(headers.get('etag')) }) };
}

/** RFC 9110, 8.8.3; what is not one is not sent back. */
function usable(etag: string | null): string | undefined {
  return etag !== null && /^(?:W\/)?"[\x21\x23-\x7e]{0,200}"$/.test(etag) ? etag : undefined;
}

function unreachable(url: string, detail: string): LatchkeyError {
  return new LatchkeyError(
    'bundle-unreachable',
    `The organisation's bundle could not be fetched from ${new URL(url).host} (${detail}).`,
    {
      remedy:
        'Check the network (VPN) and the address; it has to lead to the file itself, without a redirect.',
    },
  );
}
