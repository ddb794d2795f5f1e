import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import type { AccountKeys } from '../contract/which-account.ts';
import type { AccessToken } from '../session/provider-port.ts';
import { type AuthorityPorts, createAuthority } from './authority.ts';
import type { AzureDirectorySettings } from './directory-settings.ts';
import type { PeerUid } from './loopback-redirect.ts';
import { createMutex } from '../base/mutex.ts';
import { createPersonTokens, type TokenOptions } from './person-tokens.ts';
import {
  type BrowserSignIn,
  createSignIns,
  type DeviceCodeSignIn,
  type FreshSignIn,
  type SignIns,
} from './sign-in.ts';
import { createSignInStore, type StoredSignIn, type TokenCachePort } from './token-cache.ts';

export interface AzureDirectoryPorts extends AuthorityPorts {
  cache: TokenCachePort;
  /** With it, answers that another user of this computer sends to a sign-in through the browser are refused. */
  peerUid?: PeerUid | undefined;
}

/** One tenant of Entra ID and at most one person signed in to it. */
export interface AzureDirectory {
  /** Tenant as configured. */
  readonly tenant: string;
  /** Origin of Microsoft Graph. */
  readonly graph: string;
  /**
   * Signs a person in by device code (RFC 8628). One at a time, else `sign-in-busy`. Whoever was signed in before stays
   * so until the new sign-in is kept, whatever becomes of it.
   * @throws LatchkeyError from entra-codes.ts, `sign-in-cancelled`, `code-expired`, `authority-unreachable`,
   * `authority-invalid`, `wrong-tenant`, `wrong-account`, or what the cache port throws.
   */
  signInWithDeviceCode(options: DeviceCodeSignIn): Promise<FreshSignIn>;
  /**
   * Signs a person in through the system's browser (authorization code with PKCE and a loopback redirect, RFC 8252).
   * Otherwise as above; instead of `code-expired` there are `sign-in-expired` (nobody finished it in time),
   * `command-failed` (no browser) and `port-in-use`.
   */
  signInWithBrowser(options: BrowserSignIn): Promise<FreshSignIn>;
  /** Stores what a sign-in at another directory of this tenant has brought, for the account that is this one's. */
  keep: SignIns['keep'];
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
   * The same for a database, with the time until which it serves; of this person and of nobody else.
   * @throws LatchkeyError `sign-in-required` where the stored sign-in is another person's
   */
  databaseToken(scopes: readonly string[], person: AccountKeys): Promise<AccessToken>;
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

/**
 * Sign-in and tokens of one provider of type azure-directory. A mutex keeps operations on the stored sign-in apart; a
 * new sign-in works on a copy of its own and so needs it for its last step only.
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

  let closed = false;
  /** Aborted by sign-out and close: no operation that began before may keep anything after. */
  let ending = new AbortController();
  /** Aborted as well when somebody else takes the place of the person whose tokens are stored. */
  let replacing = new AbortController();

  const base = { provider, authority, now, log };
  const tokens = createPersonTokens({
    ...base,
    store,
    mutex,
    life: () => AbortSignal.any([life(), replacing.signal]),
  });
  const signIns = createSignIns({
    provider,
    authority,
    scopes: [`${cloud.graph}/User.Read`],
    store,
    mutex,
    peerUid: ports.peerUid,
    life,
    tokensOver: (own, ownLife) =>
      createPersonTokens({ ...base, store: own, mutex: createMutex(), life: ownLife }),
    onKeeping(next) {
      tokens.askForNames();
      if (!store.holdsOther(next)) return;
      replacing.abort();
      replacing = new AbortController();
    },
  });

  function life(): AbortSignal {
    if (!closed) return ending.signal;
    throw new LatchkeyError('broker-not-running', 'Latchkey is closing.', { remedy: 'Start it again.' });
  }

  return {
    tenant,
    graph: cloud.graph,
    signInWithDeviceCode: signIns.withDeviceCode,
    signInWithBrowser: signIns.withBrowser,
    keep: signIns.keep,
    restore: () =>
      mutex.run(async () => {
        life();
        const current = await store.current();
        if (!current) return undefined;
        const { tenantId, objectId, username, displayName } = current;
        return { provider, tenantId, objectId, username, displayName };
      }),
    renew: tokens.renew,
    accessToken: tokens.accessToken,
    databaseToken: tokens.databaseToken,
    graphToken: tokens.graphToken,
    grantedScopes: () =>
      mutex.run(async () => {
        life();
        const current = await store.currentOrNone();
        return current && grantedScopes(current.msal, cloud.graph);
      }),
    async signOut() {
      ending.abort();
      ending = new AbortController();
      tokens.askForNames();
      await mutex.run(store.forget);
    },
    async close() {
      closed = true;
      ending.abort();
      await mutex.run(async () => undefined);
    },
  };
}

const accessToken = z.object({ target: z.string() });
const openIdScopes = new Set(['openid', 'profile', 'email', 'offline_access', '.default']);

/**
 * Delegated permissions of the tokens for Graph in MSAL's cache, without the resource before their names. Entra ID puts
 * every permission that has been consented to into a token, also where fewer were asked for; MSAL drops an older token
 * whose permissions overlap with those of a new one, so what was withdrawn is gone after a renewal.
 */
function grantedScopes(msal: StoredSignIn['msal'], graph: string): string[] {
  const prefix = `${graph}/`.toLowerCase();
  const names = Object.values(msal.AccessToken).flatMap((entry) => {
    const { target = '' } = accessToken.safeParse(entry).data ?? {};
    const scopes = target.split(' ').map((scope) => {
      return scope.toLowerCase().startsWith(prefix) ? scope.slice(prefix.length) : scope;
    });
    // What still has a resource before it is for a database.
    return scopes.filter((scope) => scope !== '' && !scope.includes('/') && !openIdScopes.has(scope));
  });
  return [...new Set(names)];
}
