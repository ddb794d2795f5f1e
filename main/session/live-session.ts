import type { Problem } from '../contract/errors.ts';
import type { Account, Group } from '../contract/state.ts';

/** A signed-in person. Between two reads of the directory this is a snapshot and is replaced as a whole. */
export interface LiveSession {
  id: string;
  provider: string;
  account: Account;
  groups: Group[];
  groupsReadAt: number;
  since: number;
  until: number;
  /**
   * When the person last proved who they are, on both clocks (milliseconds): a device code was entered, a browser was
   * asked for the password, or a break-glass account came with password and code. Absent where a browser's own session
   * answered, and after a restart. It is repeated where the same person was signed in already.
   */
  asked?: { wall: number; monotonic: number; isRepeated: boolean };
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
  /** The latest time that the clock has shown while this session lived; absent in records of before. */
  seen?: number | undefined;
}
