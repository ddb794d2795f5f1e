import { randomBytes } from 'node:crypto';
import type { AuthenticationResult, PublicClientApplication } from '@azure/msal-node';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { orAborted } from './abort.ts';
import { checkAccount, type AccountKeys } from './account-check.ts';
import type { Authority } from './authority.ts';
import { acquireTokenByBrowser, failurePage, successPage } from './browser-sign-in.ts';
import type { DeviceCode } from './device-code.ts';
import { startLoopbackRedirect, type PeerUid } from './loopback-redirect.ts';
import { accountOf, explainMsalError } from './msal-client.ts';
import type { Mutex } from './mutex.ts';
import { toStoredSignIn, type SignInStore, type StoredSignIn } from './token-cache.ts';

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
  /** Milliseconds until the browser is given up on; `browserSignInMs` by default. */
  timeoutMs?: number | undefined;
}

/** Both ways to sign in; see AzureDirectory for what they promise. */
export interface SignIns {
  withDeviceCode(options: DeviceCodeSignIn): Promise<Account>;
  withBrowser(options: BrowserSignIn): Promise<Account>;
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
  /** A sign-in has been kept. */
  onKept(): void;
}

/**
 * New sign-ins. Each works on an empty copy of MSAL's cache, which is kept only after tenant and account have been
 * compared and while nobody has cancelled.
 */
export function createSignIns(context: SignInContext): SignIns {
  const { authority, scopes, store, mutex } = context;
  let isBusy = false;

  async function alone(
    options: SignInOptions,
    attempt: (signal: AbortSignal) => Promise<Account>,
  ): Promise<Account> {
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

  /** Tokens from `acquire`, checked and then kept. */
  async function signIn(
    { expectedAccount }: SignInOptions,
    signal: AbortSignal,
    acquire: (client: PublicClientApplication) => Promise<AuthenticationResult | null>,
    onCode?: (code: DeviceCode) => void,
  ): Promise<Account> {
    const network = authority.connect(signal, onCode);
    let account: Account;
    let next: StoredSignIn;
    try {
      const tenantId = await authority.tenantId(network);
      const client = authority.client(network, tenantId);
      const result = await acquire(client);
      account = accountOf(result, context.provider);
      checkAccount(account, { tenantId }, authority.tenant);
      if (expectedAccount) checkAccount(account, expectedAccount, authority.tenant);
      next = toStoredSignIn(store.owner, account, result, client.getTokenCache().serialize());
    } catch (error) {
      if (signal.aborted) throw cancelled();
      throw network.failure() ?? explainMsalError(error);
    }
    await keep(next, signal);
    return account;
  }

  async function keep(next: StoredSignIn, signal: AbortSignal): Promise<void> {
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
      context.onKept();
    });
    kept.catch(() => undefined);
    // A renewal under way may take its time; a cancel does not wait for it.
    await orAborted(turn.promise, signal).catch(() => {
      throw cancelled();
    });
    await kept;
  }

  return {
    withDeviceCode: (options) =>
      alone(options, (signal) => {
        const claims = options.claims === undefined ? {} : { claims: options.claims };
        const request = { scopes, deviceCodeCallback: () => undefined, ...claims };
        return signIn(options, signal, (client) => client.acquireTokenByDeviceCode(request), options.onCode);
      }),
    withBrowser: (options) =>
      alone(options, async (signal) => {
        const state = randomBytes(32).toString('base64url');
        const redirect = await startLoopbackRedirect(state, context.peerUid);
        const request = { ...options, scopes, state, signal, login: authority.cloud.login };
        try {
          const account = await signIn(options, signal, (client) =>
            acquireTokenByBrowser(client, redirect, request),
          );
          redirect.close(successPage(account));
          return account;
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
