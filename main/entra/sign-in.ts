import { randomBytes } from 'node:crypto';
import type { AuthenticationResult, PublicClientApplication } from '@azure/msal-node';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { orAborted } from '../base/abort.ts';
import type { AccountKeys } from '../contract/which-account.ts';
import { checkAccount } from '../session/account-check.ts';
import type { Authority } from './authority.ts';
import { acquireTokenByBrowser, askAnew, failurePage, successPage, wasAsked } from './browser-sign-in.ts';
import type { DeviceCode } from '../session/provider-port.ts';
import { startLoopbackRedirect, type PeerUid } from './loopback-redirect.ts';
import { accountOf, explainMsalError, signInNames } from './msal-client.ts';
import type { Mutex } from '../base/mutex.ts';
import type { PersonTokens, TokenOptions } from './person-tokens.ts';
import { memoryStore, toStoredSignIn, type SignInStore, type StoredSignIn } from './token-cache.ts';

export interface SignInOptions {
  /** Ends the sign-in at once, with `sign-in-cancelled`, whatever it is waiting for. */
  signal: AbortSignal;
  /** Only this account may come back; anybody else is `wrong-account`. */
  expectedAccount?: AccountKeys | undefined;
  /** Claims challenge (JSON text) that the sign-in has to satisfy. */
  claims?: string | undefined;
}

export interface DeviceCodeSignIn extends SignInOptions {
  /** The page is to ask for the password, although its browser is signed in; an authority may know no such wish for codes. */
  anew?: boolean | undefined;
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
  /** The page is to ask for the password, although its browser is signed in. */
  anew?: boolean | undefined;
  /** Called before the sign-in resolves, where the authority says that it asked the person now. */
  onAsked?: (() => void) | undefined;
  /** Milliseconds until the browser is given up on; `browserSignInMs` by default. */
  timeoutMs?: number | undefined;
}

/** An account that has signed in and been compared. Its tokens are in memory only, and nobody else's way to them. */
export interface FreshSignIn {
  account: Account;
  /** The account's names to sign in with, as the token has them. */
  names: readonly string[];
  /** A token for Graph, to read who this is; as AzureDirectory's. */
  graphToken(options?: TokenOptions): Promise<string>;
  /**
   * Stores the tokens in place of those that were there before.
   * @param names of the account as the directory has them
   * @param into the directory of this account; by default the one that was asked
   * @throws LatchkeyError `sign-in-cancelled` where it was cancelled meanwhile; what the cache port throws
   */
  keep(names: Pick<Account, 'username' | 'displayName'>, into?: Pick<SignIns, 'keep'>): Promise<void>;
}

/** Both ways to sign in; see AzureDirectory for what they promise. */
export interface SignIns {
  withDeviceCode(options: DeviceCodeSignIn): Promise<FreshSignIn>;
  withBrowser(options: BrowserSignIn): Promise<FreshSignIn>;
  /** Stores what a sign-in has brought. @throws LatchkeyError `sign-in-cancelled`, and what the cache port throws */
  keep(next: StoredSignIn, signal: AbortSignal): Promise<void>;
}

export interface SignInContext {
  provider: string;
  authority: Authority;
  scopes: string[];
  store: SignInStore;
  peerUid?: PeerUid | undefined;
  /** Keeps the last step, which replaces the stored sign-in, apart from renewals. */
  mutex: Mutex;
  /** Aborted by sign-out and close. @throws LatchkeyError `broker-not-running` after close */
  life(): AbortSignal;
  /** Tokens over a store of their own, for a sign-in that nothing is kept of yet. */
  tokensOver(store: SignInStore, life: () => AbortSignal): PersonTokens;
  /** A sign-in is about to be kept: what goes on for somebody else has nobody left to answer to. */
  onKeeping(next: StoredSignIn): void;
}

/**
 * New sign-ins. Each works on an empty copy of MSAL's cache in memory. Tenant and account are compared before anything
 * is handed out; the copy is stored when the caller says so, who has groups to read and a record to write before.
 */
export function createSignIns(context: SignInContext): SignIns {
  const { authority, scopes, store, mutex } = context;
  let isBusy = false;

  async function alone(
    options: SignInOptions,
    attempt: (signal: AbortSignal) => Promise<FreshSignIn>,
  ): Promise<FreshSignIn> {
    const signal = AbortSignal.any([options.signal, context.life()]);
    if (signal.aborted) throw cancelled();
    if (isBusy) {
      throw new LatchkeyError('sign-in-busy', 'A sign-in is already under way.', {
        remedy: 'Finish it, or cancel it first.',
      });
    }
    isBusy = true;
    try {
      return await attempt(signal);
    } finally {
      isBusy = false;
    }
  }

  /** Tokens from `acquire`, checked. */
  async function signIn(
    { expectedAccount }: SignInOptions,
    signal: AbortSignal,
    acquire: (client: PublicClientApplication) => Promise<AuthenticationResult | null>,
    onCode?: (code: DeviceCode) => void,
  ): Promise<FreshSignIn> {
    const network = authority.connect(signal, onCode);
    let account: Account;
    let next: StoredSignIn;
    let names: string[];
    try {
      const tenantId = await authority.tenantId(network);
      const client = await authority.client(network, tenantId);
      const result = await acquire(client);
      account = accountOf(result, context.provider);
      names = signInNames(result);
      checkAccount(account, { tenantId }, authority.tenant);
      if (expectedAccount) checkAccount(account, expectedAccount, authority.tenant);
      next = toStoredSignIn(store.owner, account, result, client.getTokenCache().serialize());
    } catch (error) {
      if (signal.aborted) throw cancelled();
      throw network.failure() ?? explainMsalError(error);
    }
    const own = memoryStore(store.owner, next);
    const tokens = context.tokensOver(own, () => signal);
    return {
      account,
      names,
      graphToken: tokens.graphToken,
      async keep({ username, displayName }, into = { keep }) {
        // With what was renewed while the groups were being read.
        const current = await own.current();
        if (signal.aborted || current === undefined) throw cancelled();
        await into.keep({ ...current, username, displayName }, signal);
      },
    };
  }

  async function keep(next: StoredSignIn, signal: AbortSignal): Promise<void> {
    context.onKeeping(next);
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
    });
    kept.catch(() => undefined);
    // A renewal under way may take its time; a cancel does not wait for it.
    await orAborted(turn.promise, signal).catch(() => {
      throw cancelled();
    });
    await kept;
  }

  return {
    keep,
    withDeviceCode: (options) =>
      alone(options, (signal) => {
        const claims = options.claims === undefined ? {} : { claims: options.claims };
        const wish = options.anew === true ? { extraQueryParameters: askAnew } : {};
        const request = { scopes, deviceCodeCallback: () => undefined, ...claims, ...wish };
        return signIn(options, signal, (client) => client.acquireTokenByDeviceCode(request), options.onCode);
      }),
    withBrowser: (options) =>
      alone(options, async (signal) => {
        const state = randomBytes(32).toString('base64url');
        const redirect = await startLoopbackRedirect(state, context.peerUid);
        const request = { ...options, scopes, state, signal, login: authority.cloud.login };
        try {
          const began = performance.now();
          let asked = false;
          const fresh = await signIn(options, signal, async (client) => {
            const result = await acquireTokenByBrowser(client, redirect, request);
            asked = wasAsked(result.idTokenClaims, performance.now() - began);
            return result;
          });
          if (asked) options.onAsked?.();
          redirect.close(successPage(fresh.account));
          return fresh;
        } catch (error) {
          redirect.close(failurePage(error));
          throw error;
        }
      }),
  };
}

function cancelled(): LatchkeyError {
  return new LatchkeyError('sign-in-cancelled', 'The sign-in was cancelled.', {
    remedy: 'Start it again when you like.',
  });
}
