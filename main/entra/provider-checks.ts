import type { AzureDirectorySettings } from '../config/schema.ts';
import type { LatchkeyError } from '../contract/errors.ts';
import type { Check } from '../contract/shapes.ts';
import { failed, failedBy, ok, skipped } from './check-results.ts';
import { type RuleGroup, ruleGroupChecks, secretExpiryCheck } from './directory-checks.ts';
import { certificateTimeFault } from './clock-watch.ts';
import { drift, maxClockDriftMs } from '../session/clock-drift.ts';
import { explainFault } from './entra-codes.ts';
import { readFault } from './entra-fault.ts';
import type { FetchLike } from '../contract/http.ts';
import { clientProof } from './client-credential.ts';
import { networkFault } from '../base/proxies.ts';
import { jsonObject } from '../contract/json.ts';
import { request, type HttpOutcome } from '../base/http.ts';

export interface ProviderPorts {
  fetch: FetchLike;
  signal: AbortSignal;
  /** The application secret, where one is stored. */
  secret(): Promise<string | undefined>;
  /** A token of the person who is signed in with this provider, and what it may do; undefined while nobody is. */
  granted(): Promise<readonly string[] | undefined>;
  /** The AADSTS number of the last failed sign-in with this provider. */
  lastFault(): Promise<number | undefined>;
  /** A token for Graph of the person who is signed in; undefined while nobody is. */
  graphToken?(): Promise<string | undefined>;
  ruleGroups?: readonly RuleGroup[];
  now?: () => number;
}

/** What the delegated permissions are for; without the first nothing works, without the others something less. */
const wantedScopes = [
  { scope: 'User.Read', loss: 'nobody can sign in' },
  { scope: 'GroupMember.Read.All', loss: 'groups are read by id only, their names are missing' },
  { scope: 'User.ReadBasic.All', loss: 'other people cannot be looked up by "explain"' },
] as const;

/** What a tenant or a policy may have against the device code flow itself. */
const flowFaults = new Set([7000218, 53003, 530036, 50097]);

const timeoutMs = 15_000;

/**
 * Looks at a provider as an administrator would: does the authority answer, does it know tenant and application, may the
 * application use the device code, is Graph there, is the secret right. Starts one device code that nobody is shown.
 */
export async function checkProvider(
  provider: AzureDirectorySettings,
  ports: ProviderPorts,
): Promise<Check[]> {
  const label = (what: string): string => `${provider.name}: ${what}`;
  const base = provider.authority;
  const get = (url: string): Promise<HttpOutcome> =>
    request(ports.fetch, url, { method: 'GET', signal: ports.signal, timeoutMs });
  const post = (url: string, form: Record<string, string>): Promise<HttpOutcome> =>
    request(ports.fetch, url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      signal: ports.signal,
      timeoutMs,
    });

  const discovery = await get(`${base}/v2.0/.well-known/openid-configuration`);
  const now = ports.now ?? Date.now;
  const { host } = new URL(base);
  const authority = authorityCheck(label('authority'), discovery, host, now());
  const checks: Check[] = [authority, clockCheck(label('clock'), discovery, host, now())];
  const tokenEndpoint = endpointOf(discovery);
  if (authority.result !== 'ok' || tokenEndpoint === undefined) {
    return [
      ...checks,
      skipped(label('application'), 'the authority has to answer first'),
      await graphCheck(label('graph'), provider, get),
    ];
  }
  checks.push(...(await applicationChecks(label, provider, tokenEndpoint, post, ports)));
  checks.push(await graphCheck(label('graph'), provider, get));
  checks.push(...(await scopeChecks(label, ports)));
  const secret = await ports.secret();
  const found = await secretCheck(label('application secret'), provider, tokenEndpoint, post, secret);
  checks.push(found.check);
  checks.push(...(await directoryChecks(label, provider, ports, { secret, token: found.token })));
  return checks;
}

/** What Graph tells of groups and secret; with the application's token where there is one, which may read more. */
async function directoryChecks(
  label: (what: string) => string,
  { name: provider, resource: origin, applicationId }: AzureDirectorySettings,
  ports: ProviderPorts,
  { secret, token }: { secret: string | undefined; token: string | undefined },
): Promise<Check[]> {
  const { fetch, signal, ruleGroups = [], now = Date.now } = ports;
  const checks: Check[] = [];
  if (secret !== undefined && token !== undefined) {
    const reader = { origin, token, fetch, signal };
    const registered = { provider, applicationId, secret };
    checks.push(await secretExpiryCheck(label('expiry of the secret'), reader, registered, now()));
  }
  const any = token ?? (await ports.graphToken?.().catch(() => undefined));
  if (any !== undefined && ruleGroups.length > 0)
    checks.push(
      ...(await ruleGroupChecks(label('groups of rules'), { origin, token: any, fetch, signal }, ruleGroups)),
    );
  return checks;
}

function authorityCheck(name: string, outcome: HttpOutcome, host: string, now: number): Check {
  if (outcome.kind === 'failed') {
    const time = certificateTimeFault(host, outcome.detail, now);
    if (time !== undefined) return { name, result: 'failed', ...time };
    const { message, remedy } = networkFault(host, outcome.detail);
    return failed(name, message, `${remedy} Behind a TLS inspection, look at the system's certificates.`);
  }
  const fault = faultOf(outcome);
  if (fault !== undefined) return failedBy(name, fault);
  if (endpointOf(outcome) !== undefined) return ok(name, `${host} answers and knows the tenant.`);
  const message = `${host} answered with something else than Entra ID would.`;
  return failed(name, message, 'Correct "authority" of the provider.');
}

function clockCheck(name: string, outcome: HttpOutcome, host: string, now: number): Check {
  if (outcome.kind === 'failed') {
    const time = certificateTimeFault(host, outcome.detail, now);
    if (time !== undefined) return { name, result: 'failed', ...time };
  }
  const there = outcome.kind === 'answer' ? Date.parse(outcome.headers.get('date') ?? '') : Number.NaN;
  if (Number.isNaN(there)) return skipped(name, 'the authority did not tell its time');
  const behind = there - now;
  const seconds = Math.round(Math.abs(behind) / 1000);
  if (Math.abs(behind) <= maxClockDriftMs)
    return ok(name, `The clock agrees with the authority's within ${seconds} s.`);
  return failed(
    name,
    `The clock of this computer is ${drift(behind)}.`,
    'Turn on automatic time (NTP); codes and tokens are refused otherwise.',
  );
}

async function applicationChecks(
  label: (what: string) => string,
  { applicationId }: AzureDirectorySettings,
  tokenEndpoint: string,
  post: (url: string, form: Record<string, string>) => Promise<HttpOutcome>,
  ports: ProviderPorts,
): Promise<Check[]> {
  const name = label('application');
  const flow = label('device code');
  const asked = await post(tokenEndpoint.replace(/\/token$/, '/devicecode'), {
    client_id: applicationId,
    scope: 'openid profile',
  });
  const refused = faultOf(asked);
  if (refused !== undefined)
    return [failedBy(name, refused), skipped(flow, 'the application has to be known first')];
  const code = asked.kind === 'answer' ? jsonObject(asked.text)?.['user_code'] : undefined;
  if (typeof code !== 'string')
    return [unclear(name), skipped(flow, 'the application has to be known first')];
  const known = ok(name, 'The application id is known to the tenant.');
  return [known, await flowCheck(flow, await ports.lastFault(), (await ports.granted()) !== undefined)];
}

/**
 * Entra ID refuses a client that is not public only when the code has been entered, so that nothing but a sign-in can
 * tell: what the last one met is the evidence.
 */
function flowCheck(name: string, lastFault: number | undefined, isSignedIn: boolean): Check {
  if (lastFault !== undefined && flowFaults.has(lastFault))
    return failedBy(name, explainFault({ aadsts: lastFault }));
  if (isSignedIn) return ok(name, 'A sign-in has worked.');
  return skipped(name, 'whether the tenant allows it shows when a code is entered; sign in once');
}

async function graphCheck(
  name: string,
  provider: AzureDirectorySettings,
  get: (url: string) => Promise<HttpOutcome>,
): Promise<Check> {
  const { host } = new URL(provider.resource);
  const outcome = await get(`${provider.resource}/v1.0/me`);
  if (outcome.kind === 'failed') return { name, result: 'failed', ...networkFault(host, outcome.detail) };
  if (outcome.status === 401) return ok(name, `${host} answers.`);
  return failed(
    name,
    `Microsoft Graph does not answer at ${host} (status ${outcome.status}).`,
    'Check the network and the proxy; allow this host beside the sign-in host.',
  );
}

async function scopeChecks(label: (what: string) => string, { granted }: ProviderPorts): Promise<Check[]> {
  const scopes = await granted();
  const name = label('permissions');
  if (scopes === undefined) return [skipped(name, 'sign in first, then the granted permissions can be read')];
  const held = new Set(scopes.map((scope) => scope.slice(scope.lastIndexOf('/') + 1).toLowerCase()));
  return wantedScopes.map(({ scope, loss }): Check => {
    if (held.has(scope.toLowerCase())) return ok(label(scope), 'Granted.');
    return {
      name: label(scope),
      result: scope === 'User.Read' ? 'failed' : 'warning',
      message: `Not granted: ${loss}.`,
      remedy: `In the Entra admin center: App registrations > your application > API permissions > Add a permission > Microsoft Graph > Delegated permissions > ${scope}, then "Grant admin consent". Sign in again afterwards.`,
    };
  });
}

async function secretCheck(
  name: string,
  { applicationId, resource }: AzureDirectorySettings,
  tokenEndpoint: string,
  post: (url: string, form: Record<string, string>) => Promise<HttpOutcome>,
  secret: string | undefined,
): Promise<{ check: Check; token?: string | undefined }> {
  if (secret === undefined)
    return { check: skipped(name, 'none is stored; groups are read with the permissions of the person') };
  const outcome = await post(tokenEndpoint, {
    client_id: applicationId,
    ...clientProof(secret, { applicationId, tokenEndpoint, now: Date.now() }),
    grant_type: 'client_credentials',
    scope: `${resource}/.default`,
  });
  const fault = faultOf(outcome);
  if (fault !== undefined) return { check: failedBy(name, fault) };
  if (outcome.kind === 'failed') return { check: unclear(name) };
  const token = jsonObject(outcome.text)?.['access_token'];
  return {
    check: ok(name, 'The stored secret or certificate is accepted.'),
    token: typeof token === 'string' ? token : undefined,
  };
}

function faultOf(outcome: HttpOutcome): LatchkeyError | undefined {
  const fault = outcome.kind === 'answer' ? readFault(jsonObject(outcome.text) ?? {}) : undefined;
  return fault === undefined ? undefined : explainFault(fault);
}

function endpointOf(outcome: HttpOutcome): string | undefined {
  const endpoint = outcome.kind === 'answer' ? jsonObject(outcome.text)?.['token_endpoint'] : undefined;
  return typeof endpoint === 'string' ? endpoint : undefined;
}

function unclear(name: string): Check {
  return failed(
    name,
    'The authority gave no usable answer.',
    'Try again in a minute; if it stays, look at the service health page of Microsoft Entra.',
  );
}
