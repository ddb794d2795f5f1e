import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { orAborted } from '../base/abort.ts';
import { networkErrorName } from '../base/http.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { writeFully } from '../store/durable-file.ts';
import { systemReason } from '../store/system-reason.ts';
import { ownHeaders, unreachable } from './look.ts';
import type { ReleaseFile } from './ports.ts';
import { untrusted } from './release.ts';

/** Far larger than any package; what has no size in its metadata could go on for ever. */
const mostBytes = 2 * 1024 ** 3;
/** A server that says nothing for so long has gone. */
const silenceMs = 60_000;

export interface DownloadOptions {
  fetch: FetchLike;
  signal: AbortSignal;
  /** Gets whole per cents, each once. */
  tell(percent: number): void;
}

/**
 * Fetches a file to `path`. A redirect is refused: it would lead away from the server that was named.
 * @throws LatchkeyError `update-unreachable`, `update-untrusted` for another file than the signed one, `update-failed` where
 *   it cannot be written; the signal's reason
 */
export async function downloadFile(
  url: URL,
  path: string,
  expected: Pick<ReleaseFile, 'sha512' | 'size'>,
  { fetch, signal, tell }: DownloadOptions,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silenceMs);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silenceMs);
  };
  const either = AbortSignal.any([signal, silence.signal]);
  try {
    const response = await asked(fetch, url, either);
    const announced = expected.size ?? Number(response.headers.get('content-length') ?? Number.NaN);
    await received(response, path, expected, { url, announced, signal: either, heard, tell });
  } catch (error) {
    signal.throwIfAborted();
    if (silence.signal.aborted) throw unreachable(url, 'no answer in time');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function asked(fetch: FetchLike, url: URL, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await orAborted(
      fetch(url.href, {
        method: 'GET',
        headers: ownHeaders,
        redirect: 'error',
        credentials: 'omit',
        cache: 'no-store',
        signal,
      }),
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(url, networkErrorName(error));
  }
  if (response.status !== 200 || response.body === null) throw unreachable(url, `HTTP ${response.status}`);
  return response;
}

interface Receiving {
  url: URL;
  announced: number;
  signal: AbortSignal;
  heard(): void;
  tell(percent: number): void;
}

async function received(
  response: Response,
  path: string,
  { sha512, size = mostBytes }: Pick<ReleaseFile, 'sha512' | 'size'>,
  { url, announced, signal, heard, tell }: Receiving,
): Promise<void> {
  const file = await open(path, 'w', 0o600).catch(cannotWrite);
  const hash = createHash('sha512');
  let bytes = 0;
  let told = -1;
  try {
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (;;) {
      const next = reader.read().catch((error: unknown) => {
        signal.throwIfAborted();
        throw unreachable(url, networkErrorName(error));
      });
      const { done, value } = await orAborted(next, signal);
      if (done) break;
      heard();
      if (bytes + value.byteLength > size) throw notTheSigned(url);
      hash.update(value);
      await writeFully(file, value, bytes).catch(cannotWrite);
      bytes += value.byteLength;
      const percent = Math.floor((bytes / announced) * 100);
      if (percent > told && percent <= 100) tell((told = percent));
    }
    await file.sync().catch(cannotWrite);
  } finally {
    await file.close();
  }
  if (hash.digest('base64') !== sha512) throw notTheSigned(url);
}

/** @throws LatchkeyError `update-untrusted` where the file is not the one that was signed */
export async function checkFile(path: string, { url, sha512 }: ReleaseFile): Promise<void> {
  const hash = createHash('sha512');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    throw failed('The newer version that was downloaded cannot be read', cause);
  }
  if (hash.digest('base64') !== sha512)
    throw untrusted(`The file ${url} has changed since it was downloaded.`);
}

function notTheSigned(url: URL): LatchkeyError {
  return untrusted(`The file ${url.pathname.split('/').at(-1)} is not the one that was signed.`);
}

const cannotWrite = (cause: unknown): never => {
  throw failed('The newer version cannot be written', cause);
};

/** @param what the beginning of a sentence */
export function failed(what: string, cause: unknown): LatchkeyError {
  const { because, remedy } = systemReason(cause);
  return new LatchkeyError('update-failed', `${what} because ${because}.`, { remedy, cause });
}
