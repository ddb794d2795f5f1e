import type { Problem } from '../../contract/errors.ts';
import type { OwnerUnknown, PeerIdentity } from './identity.ts';
import type { Peer, Refusal } from '../ports.ts';
import { sqlStates } from '../refused.ts';

export interface OwnerRule {
  /** The user whom this process belongs to; undefined on systems without user ids. */
  uid: number | undefined;
  /** `allow` lets `hidden-here` in. */
  elevatedTools: 'refuse' | 'allow';
}

/**
 * Why this peer may not come in, by the user whom it belongs to; undefined where it may. Who is not known is refused.
 */
export function ownerRefusal(
  { transport }: Peer,
  { uid, sameUser, unknown }: PeerIdentity,
  rule: OwnerRule,
): Refusal | undefined {
  // A unix socket stands in a folder that only its owner may enter.
  if (transport === 'unix') return undefined;
  const isOwn = rule.uid === undefined ? sameUser : uid === undefined ? undefined : uid === rule.uid;
  if (isOwn === true) return undefined;
  if (isOwn === false) return { sqlState: sqlStates.unauthorized, problem: otherUser };
  if (unknown === 'hidden-here' && rule.elevatedTools === 'allow') return undefined;
  const problem = ownerUnknown(unknown ?? 'not-found');
  const sqlState = problem.code === 'limit-reached' ? sqlStates.tooManyConnections : sqlStates.unauthorized;
  return { sqlState, problem };
}

const otherUser: Problem = {
  code: 'os-user-refused',
  message: 'This Latchkey serves another user of this computer.',
  remedy: 'Start Latchkey as your own user.',
};

/**
 * The sentences for a client whose user is not known; the start and `doctor` say the same.
 * @param client "this client", or "a client" where none is there
 */
export function ownerUnknown(why: OwnerUnknown, client = 'this client'): Problem {
  const message = `Latchkey cannot tell which user of this computer ${client} belongs to`;
  switch (why) {
    case 'no-descriptors':
      return outOfDescriptors;
    case 'no-table':
      return {
        code: 'os-user-unknown',
        message: `${message}: it may neither ask the kernel for it nor read /proc/net/tcp.`,
        remedy:
          'Let Latchkey use netlink (in a systemd unit: RestrictAddressFamilies= with AF_NETLINK) or see the whole of /proc (ProcSubset=all), or connect over its unix socket.',
      };
    case 'hidden':
    case 'hidden-here':
      return {
        code: 'os-user-unknown',
        message: `${message}: it runs with more rights than Latchkey, or as another user.`,
        remedy:
          'Start it without "Run as administrator", or set clients.elevatedTools to "allow" in the configuration.',
      };
    case 'not-found':
    case 'no-answer':
      return {
        code: 'os-user-unknown',
        message: `${message}: the system ${why === 'no-answer' ? 'has not answered in time' : 'does not know its socket'}.`,
        remedy: 'Connect again; if it stays, run: latchkey doctor',
      };
  }
}

export const outOfDescriptors: Problem = {
  code: 'limit-reached',
  message: 'Latchkey has no file descriptors left for another session.',
  remedy:
    'Close sessions that are not needed, or raise its limit (ulimit -n; in a systemd unit: LimitNOFILE).',
};
