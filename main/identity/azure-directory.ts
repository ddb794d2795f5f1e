import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { checkAccount } from './account-check.ts';
import { createAuthority, type AuthorityPorts } from './authority.ts';
import type { AzureDirectorySettings } from './directory-settings.ts';
import { isConsentMissing, isGrantDead } from './entra-fault.ts';
import { grantedScopes } from './granted-scopes.ts';
import type { PeerUid } from './loopback-redirect.ts';
import { accountOf, explainMsalError } from './msal-client.ts';
import { createMutex } from './mutex.ts';
import type { AccessToken } from './session-ports.ts';
import { createSignIns, type BrowserSignIn, type DeviceCodeSignIn } from './sign-in.ts';
import { createSignInStore, toStoredSignIn, type TokenCachePort } from './token-cache.ts';

export interface AzureDirectoryPorts extends AuthorityPorts {
  cache: TokenCachePort;
  /** With it, answers that another user of this computer sends to a sign-in through the browser are refused. */
  peerUid?: PeerUid | undefined;
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
  /** The same for a database, with the time until which it serves. */
  databaseToken(scopes: readonly string[]): Promise<AccessToken>;
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
 * that comes after a cancel, leaves no trace. A mutex keeps operations on the stored sign-in apart; a new sign-in works
 * on an empty copy and so needs it for its last step only.
 * @throws LatchkeyError `config-invalid` (see directoryAddress)
 */
export function createAzureDirectory(
  settings: AzureDirectorySettings,
  ports: AzureDirectoryPorts,
): AzureDirectory {
  const authority = createAuthority(settings, ports);
  const { cloud, tenant } = authority;
  const { now = Date.now, log = () => undefined } = ports;
  const { applicationId, name: provider } = settings;
  const store = createSignInStore(ports.cache, { authority: cloud.login, tenant, applicationId }, log);
  const mutex = createMutex();
  const readProfile = `${cloud.graph}/User.Read`;
  const readGroupNames = `${cloud.graph}/GroupMember.Read.All`;

  let closed = false;
  let noNamesUntil = 0;
  /** Aborted by sign-out and close: no operation that began before may keep anything after. */
  let ending = new AbortController();

  const signIns = createSignIns({
    provider,
    authority,
    scopes: [readProfile],
    store,
    mutex,
    peerUid: ports.peerUid,
    life,
    onKept() {
      noNamesUntil = 0;
    },
  });

  function life(): AbortSignal {
    if (!closed) return ending.signal;
    throw new LatchkeyError('broker-not-running', 'Latchkey is closing.', { remedy: 'Start it again.' });
  }

  function renewed(
    scopes: readonly string[],
    options: TokenOptions & { forceRefresh?: boolean },
  ): Promise<{ account: Account; token: AccessToken }> {
    return mutex.run(async () => {
      const signal = life();
      const current = await store.current();
      if (!current) throw signInRequired();
      const network = authority.connect(signal);
      const client = authority.client(network, current.tenantId);
      try {
        const result = await client.acquireTokenSilent({
          account: await store.load(client.getTokenCache(), current),
          scopes: [...scopes],
          forceRefresh: options.forceRefresh ?? false,
          ...(options.claims === undefined ? {} : { claims: options.claims }),
        });
        signal.throwIfAborted();
        const account = accountOf(result, provider);
        checkAccount(account, current, tenant);
        if (!result.fromCache) {
          const next = toStoredSignIn(store.owner, account, result, client.getTokenCache().serialize());
          await store.replace(next);
        }
        // Without a time it counts as a token for this one use.
        const expiresAt = result.expiresOn?.getTime() ?? now();
        return { account, token: { text: result.accessToken, expiresAt } };
      } catch (error) {
        if (signal.aborted) throw signInRequired();
        const failure = network.failure() ?? explainMsalError(error);
        if (endsSignIn(failure)) await store.forget();
        throw withClaims(failure, options.claims);
      }
    });
  }

  const accessToken: AzureDirectory['accessToken'] = async (scopes, options = {}) =>
    (await renewed(scopes, options)).token.text;

  return {
    tenant,
    graph: cloud.graph,
    signInWithDeviceCode: signIns.withDeviceCode,
    signInWithBrowser: signIns.withBrowser,
    restore: () =>
      mutex.run(async () => {
        life();
        const current = await store.current();
        if (!current) return undefined;
        const { tenantId, objectId, username, displayName } = current;
        return { provider, tenantId, objectId, username, displayName };
      }),
    async renew(options = {}) {
      return (await renewed([readProfile], { ...options, forceRefresh: true })).account;
    },
    accessToken,
    databaseToken: async (scopes) => (await renewed(scopes, {})).token,
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
        life();
        const current = await store.currentOrNone();
        return current && grantedScopes(current.msal, cloud.graph);
      }),
    async signOut() {
      ending.abort();
      ending = new AbortController();
      noNamesUntil = 0;
      await mutex.run(store.forget);
    },
    async close() {
      closed = true;
      ending.abort();
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
