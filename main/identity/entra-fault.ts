import { z } from 'zod';
import type { EntraFault } from '../contract/errors.ts';

const text = z.string().min(1).max(20_000).optional().catch(undefined);
const errorBody = z.object({
  error: text,
  error_description: text,
  error_codes: z.array(z.number().int()).min(1).optional().catch(undefined),
  suberror: text,
  claims: text,
  trace_id: text,
  correlation_id: text,
});

/**
 * What an error answer of the authority says (RFC 6749 section 5.2 and Entra ID's fields beside it), or undefined for
 * a body that reports no error. `error_description` is read for its number only and not kept: it names people.
 */
export function readFault(body: Record<string, unknown>): EntraFault | undefined {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return undefined;
  const { error, error_description: description, error_codes: codes, ...rest } = parsed.data;
  if (error === undefined && description === undefined && codes === undefined) return undefined;
  const number = codes?.[0] ?? Number(/\bAADSTS(\d{4,8})\b/.exec(description ?? '')?.[1] ?? Number.NaN);
  const fault: EntraFault = {};
  if (Number.isInteger(number)) fault.aadsts = number;
  if (error !== undefined) fault.error = error;
  if (rest.suberror !== undefined) fault.suberror = rest.suberror;
  if (rest.claims !== undefined) fault.claims = rest.claims;
  if (rest.trace_id !== undefined) fault.traceId = rest.trace_id;
  if (rest.correlation_id !== undefined) fault.correlationId = rest.correlation_id;
  return fault;
}

/**
 * The same for the parameters of an authorization error response (RFC 6749 section 4.1.2.1). There the ids stand in
 * the description only.
 */
export function readAuthorizeFault(parameters: URLSearchParams): EntraFault {
  const description = parameters.get('error_description') ?? '';
  const id = (label: string) =>
    new RegExp(`${label} ID: ([0-9a-f-]{36})(?![0-9a-f-])`, 'i').exec(description)?.[1];
  const fault = readFault({
    error: parameters.get('error'),
    error_description: description,
    suberror: parameters.get('error_subcode') ?? parameters.get('suberror'),
    claims: parameters.get('claims'),
    trace_id: parameters.get('trace_id') ?? id('Trace'),
    correlation_id: parameters.get('correlation_id') ?? id('Correlation'),
  });
  return fault ?? {};
}

/** Policies and consent: these refuse one request and leave the person's grant as it is. */
const requestOnly = new Set([
  50005, 50072, 50074, 50076, 50079, 50097, 50105, 50129, 50158, 53000, 53001, 53002, 53003, 53004, 65001,
  90094, 500011, 530003, 530032, 530033, 530035, 530036, 650052, 650056,
]);
const consentNumbers = new Set([65001, 90094]);

/** Whether the authority asks the person to consent (or an administrator to) before it issues such a token. */
export function isConsentMissing(fault: EntraFault | undefined): boolean {
  if (fault === undefined) return false;
  return fault.suberror === 'consent_required' || consentNumbers.has(fault.aadsts ?? 0);
}

/**
 * Whether the refresh token is of no more use. Real answers to a revoked or expired one carry `invalid_grant` with
 * ever new numbers, so each counts as dead unless its number is known to be about the single request.
 */
export function isGrantDead(fault: EntraFault | undefined): boolean {
  if (fault?.error !== 'invalid_grant' || isConsentMissing(fault)) return false;
  return !requestOnly.has(fault.aadsts ?? 0);
}
