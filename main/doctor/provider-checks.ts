import type { AzureDirectorySettings } from '../config/schema.ts';
import type { LatchkeyError } from '../contract/errors.ts';
import type { Check } from '../contract/ipc.ts';
import { clouds } from '../identity/clouds.ts';
import { explainFault } from '../identity/entra-codes.ts';
import { readFault } from '../identity/entra-fault.ts';
import type { FetchLike } from '../contract/http.ts';
import { jsonObject, request, type HttpOutcome } from '../identity/http.ts';

export interface ProviderPorts {
  fetch: FetchLike;
  signal: AbortSignal;
  /** The application secret, where one is stored. */
  secret(): Promise<string | undefined>;
  /** A token of the person who is signed in with this provider, and what it may do; undefined while nobody is. */
  granted(): Promise<readonly string[] | undefined>;
  /** The AADSTS number of the last failed sign-in with this provider. */
  lastFault(): Promise<number | undefined>;
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

/** Tokens are refused by Entra ID and by TLS when clocks are this far apart. */
const maxClockDriftMs = 5 * 60_000;
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
  const base = provider.authority.replace(/\/$/, '');
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
  const authority = authorityCheck(label('authority'), discovery, new URL(base).host);
  const checks: Check[] = [authority, clockCheck(label('clock'), discovery, ports.now ?? Date.now)];
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
  checks.push(
    await secretCheck(label('application secret'), provider, tokenEndpoint, post, await ports.secret()),
  );
  return checks;
}

function authorityCheck(name: string, outcome: HttpOutcome, host: string): Check {
  if (outcome.kind === 'failed') {
    return {
      name,
      result: 'failed',
      message: `${host} does not answer (${outcome.detail}).`,
      remedy:
        "Check the network, the proxy (HTTPS_PROXY) and, behind a TLS inspection, the system's certificates.",
    };
  }
  const fault = faultOf(outcome);
  if (fault !== undefined) return fromError(name, fault);
  if (endpointOf(outcome) === undefined) {
    return {
      name,
      result: 'failed',
      message: `${host} answered with something else than Entra ID would.`,
      remedy: 'Correct "authority" of the provider.',
    };
  }
  return { name, result: 'ok', message: `${host} answers and knows the tenant.` };
}

function clockCheck(name: string, outcome: HttpOutcome, now: () => number): Check {
  const there = outcome.kind === 'answer' ? Date.parse(outcome.headers.get('date') ?? '') : Number.NaN;
  if (Number.isNaN(there)) return skipped(name, 'the authority did not tell its time');
  const drift = Math.abs(now() - there);
  const seconds = Math.round(drift / 1000);
  return drift <= maxClockDriftMs
    ? { name, result: 'ok', message: `The clock agrees with the authority's within ${seconds} s.` }
    : {
        name,
        result: 'failed',
        message: `The clock of this computer is ${seconds} s away from the authority's.`,
        remedy: 'Turn on automatic time (NTP); codes and tokens are refused otherwise.',
      };
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
    return [fromError(name, refused), skipped(flow, 'the application has to be known first')];
  const code = asked.kind === 'answer' ? jsonObject(asked.text)?.['user_code'] : undefined;
  if (typeof code !== 'string')
    return [unclear(name), skipped(flow, 'the application has to be known first')];
  const known: Check = { name, result: 'ok', message: 'The application id is known to the tenant.' };
  return [known, await flowCheck(flow, await ports.lastFault(), (await ports.granted()) !== undefined)];
}

/**
 * Entra ID refuses a client that is not public only when the code has been entered, so that nothing but a sign-in can
 * tell: what the last one met is the evidence.
 */
function flowCheck(name: string, lastFault: number | undefined, isSignedIn: boolean): Check {
  if (lastFault !== undefined && flowFaults.has(lastFault))
    return fromError(name, explainFault({ aadsts: lastFault }));
  if (isSignedIn) return { name, result: 'ok', message: 'A sign-in has worked.' };
  return skipped(name, 'whether the tenant allows it shows when a code is entered; sign in once');
}

async function graphCheck(
  name: string,
  provider: AzureDirectorySettings,
  get: (url: string) => Promise<HttpOutcome>,
): Promise<Check> {
  const origin = provider.resource ?? (provider.cloud === 'local' ? '' : clouds[provider.cloud].graph);
  const outcome = await get(`${origin}/v1.0/me`);
  if (outcome.kind === 'answer' && outcome.status === 401)
    return { name, result: 'ok', message: `${new URL(origin).host} answers.` };
  const why = outcome.kind === 'failed' ? outcome.detail : `status ${outcome.status}`;
  return {
    name,
    result: 'failed',
    message: `Microsoft Graph does not answer at ${new URL(origin).host} (${why}).`,
    remedy: 'Check the network and the proxy; allow this host beside the sign-in host.',
  };
}

async function scopeChecks(label: (what: string) => string, { granted }: ProviderPorts): Promise<Check[]> {
  const scopes = await granted();
  const name = label('permissions');
  if (scopes === undefined) return [skipped(name, 'sign in first, then the granted permissions can be read')];
  const held = new Set(scopes.map((scope) => scope.slice(scope.lastIndexOf('/') + 1).toLowerCase()));
  return wantedScopes.map(({ scope, loss }): Check => {
    if (held.has(scope.toLowerCase())) return { name: label(scope), result: 'ok', message: 'Granted.' };
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
  { applicationId, cloud, resource }: AzureDirectorySettings,
  tokenEndpoint: string,
  post: (url: string, form: Record<string, string>) => Promise<HttpOutcome>,
  secret: string | undefined,
): Promise<Check> {
  if (secret === undefined)
    return skipped(name, 'none is stored; groups are read with the permissions of the person');
  const graph = resource ?? (cloud === 'local' ? '' : clouds[cloud].graph);
  const outcome = await post(tokenEndpoint, {
    client_id: applicationId,
    client_secret: secret,
    grant_type: 'client_credentials',
    scope: `${graph}/.default`,
  });
  const fault = faultOf(outcome);
  if (fault !== undefined) return fromError(name, fault);
  if (outcome.kind === 'failed') return unclear(name);
  return { name, result: 'ok', message: 'The stored secret is accepted.' };
}

function faultOf(outcome: HttpOutcome): LatchkeyError | undefined {
  const fault = outcome.kind === 'answer' ? readFault(jsonObject(outcome.text) ?? {}) : undefined;
  return fault === undefined ? undefined : explainFault(fault);
}

function endpointOf(outcome: HttpOutcome): string | undefined {
  const endpoint = outcome.kind === 'answer' ? jsonObject(outcome.text)?.['token_endpoint'] : undefined;
  return typeof endpoint === 'string' ? endpoint : undefined;
}

function fromError(name: string, { message, remedy, entra }: LatchkeyError): Check {
  return {
    name,
    result: 'failed',
    message,
    ...(remedy === undefined ? {} : { remedy }),
    ...(entra?.aadsts === undefined ? {} : { aadsts: entra.aadsts }),
  };
}

function skipped(name: string, why: string): Check {
  return { name, result: 'skipped', message: `Not checked: ${why}.` };
}

function unclear(name: string): Check {
  return {
    name,
    result: 'failed',
    message: 'The authority gave no usable answer.',
    remedy: 'Try again in a minute; if it stays, look at the service health page of Microsoft Entra.',
  };
}
