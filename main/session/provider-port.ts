import type { SignInWay } from '../contract/clouds.ts';
import type { Account, Group } from '../contract/state.ts';
import type { AccountKeys } from '../contract/which-account.ts';
import type { ChainLink } from './chain.ts';

/** A code that a person is to enter. All of it may be shown; the device code itself is not in here. */
export interface DeviceCode {
  userCode: string;
  /** A page that the provider has checked. */
  verificationUri: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

export interface WayOptions {
  /** The code to show, for the way `device-code`. */
  onCode(code: DeviceCode): void;
  /** The system's browser has been opened, for the way `browser`. */
  onBrowser(expiresAt: number): void;
  signal: AbortSignal;
  /** Claims challenge (JSON text) that the sign-in before has met. */
  claims?: string | undefined;
  /** Whom the page is to suggest. */
  username?: string | undefined;
  /** The page is to ask for the password although its browser is signed in. */
  anew?: boolean | undefined;
  /** Called before the sign-in resolves, where the person was really asked: see `asked` of LiveSession. */
  onAsked(): void;
}

export interface AccessToken {
  text: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** What the directory itself says of somebody: its own record of who they are, and their groups. */
export interface Membership {
  account: Account;
  /** Every group, transitively; never a part of them. */
  groups: Group[];
}

/** Somebody who has signed in at the authority. Nothing of it is kept, or answers for anybody, before `keep`. */
export interface PendingSignIn {
  account: Account;
  /** Names under which the authority knows the person; the one that they have typed may be any of them. */
  names: readonly string[];
  membership(signal?: AbortSignal): Promise<PendingMembership>;
  /**
   * From now on the provider speaks for this person. To be called when they have been checked and are on record.
   * @param account with the directory's own names
   * @throws LatchkeyError `sign-in-cancelled` where the sign-in was cancelled meanwhile; what the store throws
   */
  keep(account: Account): Promise<void>;
}

export interface PendingMembership extends Membership {
  /** Further names of the person in the directory. */
  names: readonly string[];
}

/**
 * What the session needs of a provider. Several accounts may be signed in with it, each with a cache of its own. Its settings
 * change by a new provider of the same name.
 */
export interface Provider extends ChainLink {
  tenant: string;
  applicationId: string;
  /** In the order in which they are offered; none for `local`, whose accounts have a password. */
  ways: readonly SignInWay[];
  /** How long its sessions last, in ms; absent: as the configuration says for all. */
  deadlineMs?: number;
  /** Its accounts are let in alone: the others are signed out, or a sign-in beside them is refused. */
  exclusive?: true | 'refuse';
  /** Whoever is signed in stays so until the new sign-in is kept. */
  signIn(way: SignInWay, options: WayOptions): Promise<PendingSignIn>;
  /** `local` only. */
  signInWithPassword?(username: string, password: string, code: string): Promise<PendingSignIn>;
  /** The account with this object id from its sealed cache, as the last run left it; no network. */
  restore(objectId: string): Promise<Account | undefined>;
  /**
   * Asks the authority whether the account still stands.
   * @param options.fresh false: only where the access token has to be renewed anyway
   */
  renew(objectId: string, options?: { fresh?: boolean }): Promise<Account>;
  /** Of this account, by its own tokens. */
  membership(objectId: string, signal?: AbortSignal): Promise<Membership>;
  /**
   * A token of this person, for scopes of one resource; absent where the provider has none to give.
   * @throws LatchkeyError `sign-in-required` where this person is not signed in
   */
  accessToken?(scopes: readonly string[], person: AccountKeys): Promise<AccessToken>;
  /** How far this computer's clock is behind the authority's, in milliseconds; undefined before that has told it. */
  clockBehindMs?(): number | undefined;
  /** Forgets the tokens of this account and ends whatever is under way for it; without one those of all. */
  signOut(objectId?: string): Promise<void>;
  close(): Promise<void>;
}
