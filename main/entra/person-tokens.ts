import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { isSamePerson, type AccountKeys } from '../contract/which-account.ts';
import { checkAccount } from '../session/account-check.ts';
import type { Authority } from './authority.ts';
import { isConsentMissing, isGrantDead } from '../session/entra-verdicts.ts';
import { accountOf, explainMsalError } from './msal-client.ts';
import type { Mutex } from '../base/mutex.ts';
import type { AccessToken } from '../session/provider-port.ts';
import { toStoredSignIn, type SignInStore, type StoredSignIn } from './token-cache.ts';

export interface TokenOptions {
  /** Claims challenge (JSON text); the authority is asked even where a token is cached. */
  claims?: string | undefined;
  /** The token in the cache was not accepted: the authority is asked for a new one. */
  fresh?: boolean | undefined;
}

export interface PersonTokensContext {
  provider: string;
  authority: Authority;
  store: SignInStore;
  /** Keeps whatever reads and replaces the stored sign-in apart. */
  mutex: Mutex;
  /** Aborted when the sign-in ends. @throws LatchkeyError `broker-not-running` after close */
  life(): AbortSignal;
  now(): number;
  log(line: string): void;
}

/** The tokens of the one person whose sign-in a store holds; see AzureDirectory for what they promise. */
export type PersonTokens = ReturnType<typeof createPersonTokens>;

const namesRetryMs = 10 * 60_000;

/**
 * Every operation runs MSAL on a copy of the cache in memory; only after tenant and account have been compared is the
 * copy kept, so an answer for somebody else, or one that comes after a cancel, leaves no trace.
 */
export function createPersonTokens(context: PersonTokensContext) {
  const { provider, authority, store, mutex, life, now, log } = context;
  const { cloud, tenant } = authority;
  const readProfile = `${cloud.graph}/User.Read`;
  const readGroupNames = `${cloud.graph}/GroupMember.Read.All`;
  let noNamesUntil = 0;

  function renewed(
    scopes: readonly string[],
    options: TokenOptions & { person?: AccountKeys },
  ): Promise<{ account: Account; token: AccessToken }> {
    return mutex.run(async () => {
      const signal = life();
      const current = await store.current();
      if (!current) throw signInRequired();
      if (options.person !== undefined && !isSamePerson(options.person, current)) throw otherPerson();
      const network = authority.connect(signal);
      const client = await authority.client(network, current.tenantId);
      try {
        const result = await client.acquireTokenSilent({
          account: await store.load(client.getTokenCache(), current),
          scopes: [...scopes],
          // Without a refresh token the session lives as long as its access token does.
          forceRefresh: options.fresh === true && hasRefreshToken(current),
          ...(options.claims === undefined ? {} : { claims: options.claims }),
        });
        signal.throwIfAborted();
        const { username, displayName } = current;
        // The names are the directory's own; those of the token are not for keeping.
        const account = { ...accountOf(result, provider), username, displayName };
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
        if (isForeign(failure) || (isOwnResource(scopes) && leavesNothing(failure))) await store.forget();
        throw withClaims(failure, options.claims);
      }
    });
  }

  /** The sign-in stands on Graph. What is refused for a database says nothing about the rest. */
  function isOwnResource(scopes: readonly string[]): boolean {
    return scopes.every((scope) => scope.startsWith(`${cloud.graph}/`));
  }

  async function accessToken(scopes: readonly string[], options: TokenOptions = {}): Promise<string> {
    return (await renewed(scopes, options)).token.text;
  }

  return {
    accessToken,
    async renew(options: TokenOptions = {}): Promise<Account> {
      return (await renewed([readProfile], { fresh: true, ...options })).account;
    },
    async databaseToken(scopes: readonly string[], person: AccountKeys): Promise<AccessToken> {
      return (await renewed(scopes, { person })).token;
    },
    async graphToken(options: TokenOptions = {}): Promise<string> {
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
    /** The tenant may have consented since: names are asked for again. */
    askForNames(): void {
      noNamesUntil = 0;
    },
  };
}

function hasRefreshToken({ msal }: StoredSignIn): boolean {
  return Object.keys(msal.RefreshToken).length > 0;
}

function isForeign({ code }: LatchkeyError): boolean {
  return code === 'wrong-account' || code === 'wrong-tenant';
}

/** Whether a failed renewal leaves nothing to renew: a dead refresh token, or none at all. */
function leavesNothing({ code, entra }: LatchkeyError): boolean {
  return isGrantDead(entra) || (code === 'sign-in-required' && entra === undefined);
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

function otherPerson(): LatchkeyError {
  return new LatchkeyError('sign-in-required', 'Somebody else has signed in meanwhile.', {
    remedy: 'Sign in with your own account, then connect again.',
  });
}
