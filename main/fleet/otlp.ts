import { z } from 'zod';
import type { FollowedRecord } from '../audit/follow.ts';
import { request } from '../base/http.ts';
import { retryAfterMs } from '../base/retry.ts';
import type { OtlpSettings } from '../config/sinks.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { jsonObject } from '../contract/json.ts';
import { Later, type Transport } from './exporter.ts';
import { logsRequest } from './otlp-logs.ts';

export interface OtlpOptions {
  settings: OtlpSettings;
  /** This computer's name. */
  host: string;
  version: string;
  /** The value of the header that proves who we are. */
  stored(name: string): Promise<string | undefined>;
  fetch: FetchLike;
}

/** "Retryable Response Codes" of OTLP/HTTP; others say that something has to be changed first. */
const passing = new Set([429, 502, 503, 504]);

/** `ExportLogsServiceResponse`; protobuf's JSON has 64-bit numbers as texts, and readers take both. */
const answer = z.object({
  partialSuccess: z
    .object({ rejectedLogRecords: z.coerce.number().int().nonnegative().default(0) })
    .optional(),
});

/**
 * OTLP over HTTP in JSON. A server has what it has answered with 200, but for the records that it says it has refused, which
 * the protocol forbids to send again.
 */
export function createOtlp(options: OtlpOptions): Transport {
  const { settings, fetch, stored } = options;

  async function headers(): Promise<Record<string, string>> {
    const { credential } = settings;
    const json = { 'content-type': 'application/json' };
    if (credential === undefined) return json;
    const value = await stored(credential.stored);
    if (value !== undefined) return { ...json, [credential.header]: value };
    throw new LatchkeyError(
      'export-failed',
      `The secret "${credential.stored}" of the header "${credential.header}" is not stored.`,
      {
        remedy: `Store it with: latchkey secret set ${credential.stored}`,
      },
    );
  }

  async function deliver(
    records: readonly FollowedRecord[],
    signal: AbortSignal,
  ): Promise<{ rejected: number }> {
    const outcome = await request(fetch, settings.url, {
      method: 'POST',
      headers: await headers(),
      body: JSON.stringify(logsRequest(records, options)),
      signal,
    });
    if (outcome.kind === 'failed') throw refused(settings, outcome.detail);
    const { status, text } = outcome;
    if (status === 200)
      return { rejected: answer.safeParse(jsonObject(text)).data?.partialSuccess?.rejectedLogRecords ?? 0 };
    if (status === 413) return inHalves(records, signal);
    const why = `HTTP ${status}`;
    if (passing.has(status)) throw refused(settings, why, retryAfterMs(outcome.headers, Date.now()));
    throw refused(settings, why);
  }

  /** What is too large alone can never be delivered. */
  async function inHalves(
    records: readonly FollowedRecord[],
    signal: AbortSignal,
  ): Promise<{ rejected: number }> {
    if (records.length === 1) return { rejected: 1 };
    const middle = Math.ceil(records.length / 2);
    const first = await deliver(records.slice(0, middle), signal);
    const second = await deliver(records.slice(middle), signal);
    return { rejected: first.rejected + second.rejected };
  }

  return { deliver };
}

function refused({ url, credential }: OtlpSettings, why: string, laterMs = 0): LatchkeyError {
  // The path may hold a key of whoever runs it.
  const message = `The collector ${new URL(url).origin} does not take records (${why}).`;
  const remedies: Record<string, string> = {
    'HTTP 401': `Look at the stored secret of the header "${credential?.header ?? 'authorization'}".`,
    'HTTP 403': `Look at the stored secret of the header "${credential?.header ?? 'authorization'}".`,
    'HTTP 404': 'The address has to be the whole one, usually with /v1/logs at its end.',
  };
  const remedy =
    remedies[why] ?? 'Look whether it runs and takes OTLP logs over HTTP in JSON; records wait meanwhile.';
  return new Later(laterMs, 'export-failed', message, { remedy });
}
