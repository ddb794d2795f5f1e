import type { Peer } from '../ports.ts';

/** What the system tells of the other end; what is missing is unknown. */
export interface PeerIdentity extends Pick<Peer, 'uid' | 'sameUser' | 'process'> {
  /** Why neither user id nor `sameUser` is known; for TCP only. */
  unknown?: OwnerUnknown;
}

/**
 * Why it is not known which user a TCP peer belongs to.
 * - `not-found`: the system does not have its socket, or not any more.
 * - `no-table`: Linux' table of sockets may not be read.
 * - `no-descriptors`: this process may open no more files.
 * - `hidden`: Windows does not tell the owner of a process that runs with more rights than ours, or is another user's;
 *   `hidden-here` is the same for one on the desktop of this process.
 * - `no-answer`: the system's programs have not answered, or not in time.
 */
export type OwnerUnknown =
  'not-found' | 'no-table' | 'no-descriptors' | 'hidden' | 'hidden-here' | 'no-answer';
