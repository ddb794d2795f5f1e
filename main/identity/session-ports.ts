import type { SignInWay } from '../contract/clouds.ts';
import type { Problem } from '../contract/errors.ts';
import type { Account, Group } from '../contract/state.ts';
import type { ChainLink } from './chain.ts';

export interface WayOptions {
  /** The code to show, for the way `device-code`. */
  onCode(code: { userCode: string; verificationUri: string; expiresAt: number }): void;
  /** The system's browser has been opened, for the way `browser`. */
  onBrowser(expiresAt: number): void;
  signal: AbortSignal;
  /** Claims challenge (JSON text) that the sign-in before has met. */
  claims?: string | undefined;
  /** Whom the page is to suggest. */
  username?: string | undefined;
}

export interface AccessToken {
  text: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** What the session needs of a provider. Its settings change by a new provider of the same name. */
export interface Provider extends ChainLink {
  tenant: string;
  applicationId: string;
  /** In the order in which they are offered; none for `local`, whose accounts have a password. */
  ways: readonly SignInWay[];
  signIn(way: SignInWay, options: WayOptions): Promise<Account>;
  /** `local` only. */
  signInWithPassword?(username: string, password: string, code: string): Promise<Account>;
  /** The account of the last run from the sealed cache; no network. */
  restore(): Promise<Account | undefined>;
  /** Asks the authority whether the account still stands. */
  renew(): Promise<Account>;
  /** Every group, transitively; never a part of them. */
  groups(signal?: AbortSignal): Promise<Group[]>;
  /** A token of whoever is signed in, for scopes of one resource; absent where the provider has none to give. */
  accessToken?(scopes: readonly string[]): Promise<AccessToken>;
  /** Forgets the tokens and ends whatever is under way. */
  signOut(): Promise<void>;
  close(): Promise<void>;
}

/** A signed-in person. Between two reads of the directory this is a snapshot and is replaced as a whole. */
export interface LiveSession {
  id: string;
  provider: string;
  account: Account;
  groups: Group[];
  groupsReadAt: number;
  since: number;
  until: number;
  /** The last refresh, or a new sign-in while this one stood, has failed. */
  problem?: Problem;
}

/** What a restart must know beside MSAL's cache: whose session it was and when it ends. */
export interface SessionRecord {
  id: string;
  provider: string;
  objectId: string;
  since: number;
  until: number;
}

export type SessionEnding = 'signed-out' | 'expired' | 'replaced' | 'refused';

export type SignInHow = SignInWay | 'local' | 'restored';

export interface SessionEvents {
  started(provider: string): Promise<void>;
  /** A person has signed in. Rejects where this cannot be written down: then nobody is signed in. */
  signedIn(session: LiveSession, how: SignInHow): Promise<void>;
  /** This and the four below never reject. */
  failed(provider: string, problem: Problem): Promise<void>;
  /** The session is over: tokens and database sessions must go before the first wait. */
  ended(session: LiveSession, why: SessionEnding, problem?: Problem): Promise<void>;
  groupsChanged(session: LiveSession, added: Group[], removed: Group[]): Promise<void>;
  refreshFailed(session: LiveSession, problem: Problem): Promise<void>;
  changed(): void;
}
