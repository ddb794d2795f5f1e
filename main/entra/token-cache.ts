import type { AccountInfo, AuthenticationResult, TokenCache } from '@azure/msal-node';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';

/** The place where sealed tokens are kept; it encrypts, and it never writes plain text. */
export interface TokenCachePort {
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
  clear(): Promise<void>;
}

const entries = z.record(z.string(), z.record(z.string(), z.unknown()));
/** MSAL's own cache schema, as deep as its reader relies on it. */
const msalCache = z.object({
  Account: entries,
  IdToken: entries,
  AccessToken: entries,
  RefreshToken: entries,
  AppMetadata: entries,
});

/** Settings that tokens belong to: where one of them changes, the tokens are of no use. */
const ownerSettings = z.object({
  /** Origin of the authority. */
  authority: z.string(),
  /** Tenant as configured: an id or a domain. */
  tenant: z.string(),
  applicationId: z.string(),
});

const storedSignIn = z.object({
  version: z.literal(1),
  owner: ownerSettings,
  tenantId: z.guid(),
  objectId: z.guid(),
  username: z.string(),
  displayName: z.string(),
  /** MSAL's key of the account. */
  homeAccountId: z.string().min(1),
  msal: msalCache,
});

export type SignInOwner = z.infer<typeof ownerSettings>;
/** One signed-in account with MSAL's tokens, as it is kept between runs. */
export type StoredSignIn = z.infer<typeof storedSignIn>;

export interface SignInStore {
  owner: SignInOwner;
  /**
   * The sign-in, read from the port at the first call. A damaged one is removed.
   * @throws LatchkeyError `sign-in-required` where it was damaged; what the port throws, where it cannot be read now
   */
  current(): Promise<StoredSignIn | undefined>;
  /** The same; a damaged one, and one that a locked keyring keeps back, count as none. */
  currentOrNone(): Promise<StoredSignIn | undefined>;
  /**
   * Fills an MSAL cache, and returns MSAL's own record of the account.
   * @throws LatchkeyError `sign-in-required` where MSAL does not find the account in it; it has been removed by then
   */
  load(cache: TokenCache, signIn: StoredSignIn): Promise<AccountInfo>;
  /** Stores a new sign-in; it counts only once it is written. */
  keep(next: StoredSignIn): Promise<void>;
  /** Takes over a renewal. Where it cannot be written the stored refresh token still serves, so that is only logged. */
  replace(next: StoredSignIn): Promise<void>;
  /** Forgets it, first in memory, then in the port. */
  forget(): Promise<void>;
  /** Whether it is known to hold the sign-in of another account than this one. */
  holdsOther(account: Pick<StoredSignIn, 'tenantId' | 'objectId'>): boolean;
}

/** A store of one process's memory, for a sign-in that has not been kept yet. */
export function memoryStore(owner: SignInOwner, signIn: StoredSignIn): SignInStore {
  let bytes: Uint8Array | undefined = encode(signIn);
  const port: TokenCachePort = {
    read: async () => bytes,
    write: async (next) => void (bytes = next),
    clear: async () => void (bytes = undefined),
  };
  return createSignInStore(port, owner, () => undefined);
}

/** Keeps at most one sign-in in memory and in the port. Not safe against concurrent calls: the caller serialises. */
export function createSignInStore(
  port: TokenCachePort,
  owner: SignInOwner,
  log: (line: string) => void,
): SignInStore {
  let signIn: StoredSignIn | undefined;
  let isRead = false;

  async function forget(): Promise<void> {
    signIn = undefined;
    isRead = true;
    await port.clear();
  }

  async function removeDamaged(cause?: unknown): Promise<never> {
    log('the stored sign-in is damaged and is removed');
    await forget();
    throw new LatchkeyError('sign-in-required', 'The stored sign-in was damaged and has been removed.', {
      remedy: 'Sign in again.',
      cause,
    });
  }

  async function readPort(): Promise<Uint8Array | undefined> {
    try {
      return await port.read();
    } catch (error) {
      // Only what can never be opened again is removed; a locked keychain may open later.
      if (error instanceof LatchkeyError && error.code === 'sealed-unreadable') return removeDamaged(error);
      throw error;
    }
  }

  async function current(): Promise<StoredSignIn | undefined> {
    if (isRead) return signIn;
    const bytes = await readPort();
    const stored = bytes && decode(bytes);
    if (bytes && !stored) return removeDamaged();
    if (stored && !isSameOwner(stored.owner, owner)) {
      log('the stored sign-in is for other settings of the provider and is removed');
      await forget();
      return undefined;
    }
    signIn = stored;
    isRead = true;
    return signIn;
  }

  async function keep(next: StoredSignIn): Promise<void> {
    await port.write(encode(next));
    signIn = next;
    isRead = true;
  }

  return {
    owner,
    current,
    async currentOrNone() {
      try {
        return await current();
      } catch (error) {
        const isNone =
          error instanceof LatchkeyError &&
          (error.code === 'sign-in-required' || error.code === 'seal-unavailable');
        if (isNone) return undefined;
        throw error;
      }
    },
    async load(cache, from) {
      try {
        cache.deserialize(JSON.stringify(from.msal));
        const known = await cache.getAccountByHomeId(from.homeAccountId);
        if (known) return known;
      } catch (error) {
        return removeDamaged(error);
      }
      return removeDamaged();
    },
    keep,
    async replace(next) {
      signIn = next;
      try {
        await keep(next);
      } catch (error) {
        log(
          `the renewed tokens could not be stored: ${error instanceof LatchkeyError ? error.code : 'unknown error'}`,
        );
      }
    },
    forget,
    holdsOther: ({ tenantId, objectId }) =>
      signIn !== undefined && (signIn.tenantId !== tenantId || signIn.objectId !== objectId),
  };
}

function encode(signIn: StoredSignIn): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(signIn));
}

function decode(bytes: Uint8Array): StoredSignIn | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return storedSignIn.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function isSameOwner(left: SignInOwner, right: SignInOwner): boolean {
  return (
    left.authority === right.authority &&
    left.tenant === right.tenant &&
    left.applicationId === right.applicationId
  );
}

/**
 * What is to be kept of an account that has been checked.
 * @param serialized MSAL's cache with the account's tokens
 * @throws where MSAL writes something else than its schema
 */
export function toStoredSignIn(
  owner: SignInOwner,
  { tenantId, objectId, username, displayName }: Account,
  result: AuthenticationResult | null,
  serialized: string,
): StoredSignIn {
  const homeAccountId = result?.account?.homeAccountId ?? '';
  const msal = msalCache.parse(JSON.parse(serialized));
  return { version: 1, owner, tenantId, objectId, username, displayName, homeAccountId, msal };
}
