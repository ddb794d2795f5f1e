import { randomBytes } from 'node:crypto';
import type { AuthenticationResult, NetworkResponse, PublicClientApplication } from '@azure/msal-node';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { orAborted } from './abort.ts';
import { checkAccount, type AccountKeys } from './account-check.ts';
import { acquireTokenByBrowser, failurePage, successPage } from './browser-sign-in.ts';
import type { DeviceCode } from './device-code.ts';
import { directoryAddress, isTenantId, type AzureDirectorySettings } from './directory-settings.ts';
import { isConsentMissing, isGrantDead } from './entra-fault.ts';
import { grantedScopes } from './granted-scopes.ts';
import type { FetchLike } from './http.ts';
import { startLoopbackRedirect } from './loopback-redirect.ts';
import { accountOf, createMsalClient, explainMsalError } from './msal-client.ts';
import { createMutex } from './mutex.ts';
import { createAuthorityNetwork, type AuthorityNetwork } from './network-module.ts';
import { createSignInStore, parseMsalCache, type StoredSignIn, type TokenCachePort } from './token-cache.ts';

export interface AzureDirectoryPorts {
  fetch: FetchLike;
  cache: TokenCachePort;
  /** Milliseconds since 1970; Date.now by default. */
  now?: (() => number) | undefined;
  /** Gets lines without secrets and without names of people. */
  log?: ((line: string) => void) | undefined;
}

export interface SignInOptions {
  /** Ends the sign-in at once, with `sign-in-cancelled`, whatever it is waiting for. */
  signal: AbortSignal;
  /** Only this account may come back; anybody else is `wrong-account`. */
  expectedAccount?: AccountKeys | undefined;
  /** Claims challenge (JSON text) that the sign-in has to satisfy. */
  claims?: string | undefined;
}

export interface DeviceCodeSignIn extends SignInOptions {
  /** Called once, with the code to show. */
  onCode: (code: DeviceCode) => void;
}

export interface BrowserSignIn extends SignInOptions {
  /**
   * Opens the address, which is on the authority's own origin, in the system's browser. What it rejects with ends the
   * sign-in; it need not resolve.
   */
  openBrowser(url: string): Promise<void>;
  /** Sign-in name to fill in. Without one the person picks the account. */
  loginHint?: string | undefined;
  /** Milliseconds until the browser is given up on; five minutes by default. */
  timeoutMs?: number | undefined;
}

export interface TokenOptions {
  /** Claims challenge (JSON text); the authority is asked even where a token is cached. */
  claims?: string | undefined;
}

/** One tenant of Entra ID and at most one person signed in to it. */
export interface AzureDirectory {
  /** Tenant as configured. */
  readonly tenant: string;
  /** Origin of Microsoft Graph. */
  readonly graph: string;
  /**
   * Signs a person in by device code (RFC 8628). One at a time, else `sign-in-busy`. A failure leaves whoever was
   * signed in before untouched; a success replaces them.
   * @throws LatchkeyError from entra-codes.ts, `sign-in-cancelled`, `code-expired`, `authority-unreachable`,
   * `authority-invalid`, `wrong-tenant`, `wrong-account`, or what the cache port throws.
   */
  signInWithDeviceCode(options: DeviceCodeSignIn): Promise<Account>;
  /**
   * Signs a person in through the system's browser (authorization code with PKCE and a loopback redirect, RFC 8252).
   * Otherwise as above; instead of `code-expired` there are `sign-in-expired` (nobody finished it in time),
   * `command-failed` (no browser) and `port-in-use`.
   */
  signInWithBrowser(options: BrowserSignIn): Promise<Account>;
  /**
   * The account of the stored sign-in, without asking the authority; undefined where there is none.
   * @throws LatchkeyError `sign-in-required` where a stored sign-in was damaged; it has been removed by then.
   */
  restore(): Promise<Account | undefined>;
  /**
   * Redeems the refresh token, so the authority says now whether the account still stands.
   * @throws LatchkeyError `sign-in-required`, `account-disabled`, `wrong-account`, `wrong-tenant`: a new sign-in is
   * needed; `authority-unreachable`: unknown, the sign-in is kept.
   */
  renew(options?: TokenOptions): Promise<Account>;
  /**
   * An access token for the scopes (of one resource), from the cache while it lives at least five minutes more.
   * Errors as for {@link renew}; a policy against these scopes alone does not remove the sign-in. Where claims were
   * asked for and only a new sign-in can satisfy them, they are in `entra.claims` of `sign-in-required`.
   */
  accessToken(scopes: readonly string[], options?: TokenOptions): Promise<string>;
  /**
   * An access token for Graph that reads the names of groups where the tenant has consented to that
   * (GroupMember.Read.All), else one with User.Read alone, which reads their ids.
   */
  graphToken(options?: TokenOptions): Promise<string>;
  /**
   * Names of the delegated permissions that the tokens for Graph carry now (such as `GroupMember.Read.All`), without
   * asking the authority; undefined while nobody is signed in.
   */
  grantedScopes(): Promise<string[] | undefined>;
  /** Removes every token from memory and store and cancels what is under way. Entra ID itself is not told. */
  signOut(): Promise<void>;
  /** Ends whatever is under way; the stored sign-in stays for the next start. */
  close(): Promise<void>;
}

const namesRetryMs = 10 * 60_000;

/**
 * Sign-in and tokens of one provider of type azure-directory. Every operation runs MSAL on a copy of the cache in
 * memory; only after tenant and account have been compared is the copy kept, so an answer for somebody else, or one
 * that comes after a cancel, leaves no trace. A mutex keeps operations on the stored sign-in apart; the polling of a
 * device code works on an empty copy and so needs it for its last step only.
 * @throws LatchkeyError `config-invalid` (see directoryAddress)
 */
export function createAzureDirectory(
  settings: AzureDirectorySettings,
  ports: AzureDirectoryPorts,
): AzureDirectory {
  const { cloud, tenant } = directoryAddress(settings);
  const now = ports.now ?? Date.now;
  const log = ports.log ?? (() => undefined);
  const { applicationId } = settings;
  const store = createSignInStore(ports.cache, { authority: cloud.login, tenant, applicationId }, log);
  const mutex = createMutex();
  const discovery = new Map<string, NetworkResponse<unknown>>();
  const readProfile = `${cloud.graph}/User.Read`;
  const readGroupNames = `${cloud.graph}/GroupMember.Read.All`;

  let closed = false;
  let attempting = false;
  let noNamesUntil = 0;
  /** Aborted by sign-out and close: no operation that began before may keep anything after. */
  let life = new AbortController();

  function connect(signal: AbortSignal, onCode?: (code: DeviceCode) => void): AuthorityNetwork {
    return createAuthorityNetwork({
      fetch: ports.fetch,
      signal,
      verificationPages: cloud.verificationPages,
      discovery,
      ...(onCode ? { onCode } : {}),
      now,
      log,
    });
  }

  function clientOf(network: AuthorityNetwork, tenantId: string) {
    return createMsalClient({ login: cloud.login, tenantId, applicationId, network: network.module });
  }

  /** The id of a tenant that is configured by its domain is in the issuer of its discovery document. */
  async function tenantIdOf(network: AuthorityNetwork): Promise<string> {
    if (isTenantId(tenant)) return tenant;
    const url = `${cloud.login}/${tenant}/v2.0/.well-known/openid-configuration`;
    const { body } = await network.module.sendGetRequestAsync<{ issuer?: unknown }>(url);
    const issuer =
      typeof body.issuer === 'string' && URL.canParse(body.issuer) ? new URL(body.issuer) : undefined;
    const id = issuer?.pathname.split('/')[1]?.toLowerCase() ?? '';
    if (isTenantId(id)) return id;
    throw new LatchkeyError(
      'authority-invalid',
      `The authority does not say the id of the tenant ${tenant}.`,
      {
        remedy: 'Put the tenant id instead of the domain into "authority".',
      },
    );
  }

  /** Tokens from `acquire`, checked and only then kept. */
  async function signIn(
    options: SignInOptions,
    acquire: (client: PublicClientApplication, signal: AbortSignal) => Promise<AuthenticationResult | null>,
    onCode?: (code: DeviceCode) => void,
  ): Promise<Account> {
    const signal = AbortSignal.any([options.signal, life.signal]);
    const network = connect(signal, onCode);
    let account: Account;
    let next: StoredSignIn;
    try {
      const tenantId = await tenantIdOf(network);
      const client = clientOf(network, tenantId);
      const result = await acquire(client, signal);
      account = accountOf(result, settings.name);
      checkAccount(account, { tenantId }, tenant);
      if (options.expectedAccount) checkAccount(account, options.expectedAccount, tenant);
      next = toStored(account, result, client.getTokenCache().serialize());
    } catch (error) {
      if (signal.aborted) throw cancelled();
      throw network.failure() ?? explainMsalError(error);
    }
    await keepUnlessAborted(next, signal);
    return account;
  }

  async function keepUnlessAborted(next: StoredSignIn, signal: AbortSignal): Promise<void> {
    const turn = Promise.withResolvers<void>();
    const kept = mutex.run(async () => {
      turn.resolve();
      if (signal.aborted) throw cancelled();
      const before = await store.currentOrNone();
      await store.keep(next);
      if (signal.aborted) {
        // Cancelled while the tokens were being written: take them back.
        await (before ? store.keep(before) : store.forget());
        throw cancelled();
      }
      noNamesUntil = 0;
    });
    kept.catch(() => undefined);
    // A renewal under way may take its time; a cancel does not wait for it.
    await orAborted(turn.promise, signal).catch(() => {
      throw cancelled();
    });
    await kept;
  }

  /** Of either way, with `sign-in-busy` for the second. */
  async function alone(signal: AbortSignal, attempt: () => Promise<Account>): Promise<Account> {
    requireOpen();
    if (signal.aborted) throw cancelled();
    if (attempting) {
      throw new LatchkeyError('sign-in-busy', 'A sign-in is already under way.', {
        remedy: 'Finish it, or cancel it first.',
      });
    }
    attempting = true;
    try {
      return await attempt();
    } finally {
      attempting = false;
    }
  }

  async function signInByBrowser(options: BrowserSignIn): Promise<Account> {
    const state = randomBytes(32).toString('base64url');
    const redirect = await startLoopbackRedirect(state);
    try {
      const { openBrowser, claims, loginHint, timeoutMs } = options;
      const account = await signIn(options, (client, signal) =>
        acquireTokenByBrowser(client, redirect, {
          scopes: [readProfile],
          state,
          signal,
          login: cloud.login,
          openBrowser,
          claims,
          loginHint,
          timeoutMs,
        }),
      );
      redirect.close(successPage(account));
      return account;
    } catch (error) {
      redirect.close(failurePage(error));
      throw error;
    }
  }

  function toStored(account: Account, result: AuthenticationResult | null, serialized: string): StoredSignIn {
    const { tenantId, objectId, username, displayName } = account;
    return {
      version: 1,
      owner: store.owner,
      tenantId,
      objectId,
      username,
      displayName,
      homeAccountId: result?.account?.homeAccountId ?? '',
      msal: parseMsalCache(serialized),
    };
  }

  function renewed(
    scopes: readonly string[],
    options: TokenOptions & { forceRefresh?: boolean },
  ): Promise<{ account: Account; accessToken: string }> {
    return mutex.run(async () => {
      requireOpen();
      const { signal } = life;
      const current = await store.current();
      if (!current) throw signInRequired();
      const network = connect(signal);
      const client = clientOf(network, current.tenantId);
      try {
        const result = await client.acquireTokenSilent({
          account: await store.load(client.getTokenCache(), current),
          scopes: [...scopes],
          forceRefresh: options.forceRefresh ?? false,
          ...(options.claims === undefined ? {} : { claims: options.claims }),
        });
        signal.throwIfAborted();
        const account = accountOf(result, settings.name);
        checkAccount(account, current, tenant);
        if (!result.fromCache)
          await store.replace(toStored(account, result, client.getTokenCache().serialize()));
        return { account, accessToken: result.accessToken };
      } catch (error) {
        if (signal.aborted) throw signInRequired();
        const failure = network.failure() ?? explainMsalError(error);
        if (endsSignIn(failure)) await store.forget();
        throw withClaims(failure, options.claims);
      }
    });
  }

  const accessToken: AzureDirectory['accessToken'] = async (scopes, options = {}) =>
    (await renewed(scopes, options)).accessToken;

  function requireOpen(): void {
    if (closed)
      throw new LatchkeyError('broker-not-running', 'Latchkey is closing.', { remedy: 'Start it again.' });
  }

  return {
    tenant,
    graph: cloud.graph,
    signInWithDeviceCode: (options) =>
      alone(options.signal, () =>
        signIn(
          options,
          (client) =>
            client.acquireTokenByDeviceCode({
              scopes: [readProfile],
              deviceCodeCallback: () => undefined,
              ...(options.claims === undefined ? {} : { claims: options.claims }),
            }),
          options.onCode,
        ),
      ),
    signInWithBrowser: (options) => alone(options.signal, () => signInByBrowser(options)),
    restore: () =>
      mutex.run(async () => {
        requireOpen();
        const current = await store.current();
        if (!current) return undefined;
        const { tenantId, objectId, username, displayName } = current;
        return { provider: settings.name, tenantId, objectId, username, displayName };
      }),
    async renew(options = {}) {
      return (await renewed([readProfile], { ...options, forceRefresh: true })).account;
    },
    accessToken,
    async graphToken(options = {}) {
      if (now() >= noNamesUntil) {
        try {
          return await accessToken([readProfile, readGroupNames], options);
        } catch (error) {
          if (!(error instanceof LatchkeyError) || !isConsentMissing(error.entra)) throw error;
          noNamesUntil = now() + namesRetryMs;
          log('the tenant has not consented to GroupMember.Read.All: groups are read without names');
        }
      }
      return accessToken([readProfile], options);
    },
    grantedScopes: () =>
      mutex.run(async () => {
        requireOpen();
        const current = await store.currentOrNone();
        return current && grantedScopes(current.msal, cloud.graph);
      }),
    async signOut() {
      life.abort();
      life = new AbortController();
      noNamesUntil = 0;
      await mutex.run(store.forget);
    },
    async close() {
      closed = true;
      life.abort();
      await mutex.run(async () => undefined);
    },
  };
}

/** Whether a failed renewal leaves nothing to renew: a dead refresh token, none at all, or one of somebody else. */
function endsSignIn(failure: LatchkeyError): boolean {
  if (failure.code === 'wrong-account' || failure.code === 'wrong-tenant') return true;
  return isGrantDead(failure.entra) || (failure.code === 'sign-in-required' && failure.entra === undefined);
}

/** What the new sign-in has to satisfy: Graph's challenge, where the authority's refusal brings none of its own. */
function withClaims(failure: LatchkeyError, claims: string | undefined): LatchkeyError {
  if (claims === undefined || failure.code !== 'sign-in-required' || failure.entra?.claims) return failure;
  const { message, remedy, entra } = failure;
  return new LatchkeyError(failure.code, message, { remedy, entra: { ...entra, claims }, cause: failure });
}

function signInRequired(): LatchkeyError {
  return new LatchkeyError('sign-in-required', 'Nobody is signed in.', { remedy: 'Sign in.' });
}

function cancelled(): LatchkeyError {
  return new LatchkeyError('sign-in-cancelled', 'The sign-in was cancelled.', {
    remedy: 'Start it again when you like.',
  });
}
