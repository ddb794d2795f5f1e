import type { Socket } from 'node:net';
import { LatchkeyError } from '../contract/errors.ts';
import type { UpstreamAddress } from './ports.ts';
import { Refused } from './refused.ts';

/** Less would give up on a server that is merely far away. */
const shortestMs = 1000;
/** PostgreSQL's cannot_connect_now: it is starting, stopping or not consistent yet. */
const notNow = '57P03';

/**
 * Tries the hosts of the upstream in order, until one serves. The time to connect is for all of them together, and what a
 * host has not used is left to the next ones. A server that says no to the login, or that does not prove who it is, ends it: the
 * next one would be told a secret for nothing.
 *
 * @throws what the last attempt threw where there is one host; else LatchkeyError `upstream-unreachable` with all reasons.
 */
export async function tryHosts<Result>(
  address: UpstreamAddress,
  signal: AbortSignal,
  attempt: (at: UpstreamAddress) => Promise<Result>,
): Promise<Result> {
  const { alternatives = [], ...first } = address;
  if (alternatives.length === 0) return attempt(first);
  const hosts = [first, ...alternatives.map((next) => ({ ...first, ...next }))];
  const end = performance.now() + address.connectTimeoutMs;
  const failures: Error[] = [];
  for (const [index, at] of hosts.entries()) {
    const share = (end - performance.now()) / (hosts.length - index);
    try {
      return await attempt({ ...at, connectTimeoutMs: Math.max(shortestMs, share) });
    } catch (error) {
      if (signal.aborted || !isAboutThisHost(error)) throw error;
      failures.push(error);
    }
  }
  throw noneServes(failures);
}

/** The address at which the same server is met again: a name may lead to another one by now. */
export function pinned(at: UpstreamAddress, { remoteAddress }: Socket): UpstreamAddress {
  const { alternatives: _, ...one } = at;
  return remoteAddress === undefined || one.via !== undefined ? one : { ...one, address: remoteAddress };
}

function isAboutThisHost(error: unknown): error is Error {
  if (error instanceof Refused) return error.refusal.sqlState === notNow;
  return error instanceof LatchkeyError && error.code === 'upstream-unreachable';
}

function noneServes(failures: Error[]): LatchkeyError {
  return new LatchkeyError(
    'upstream-unreachable',
    `None of the ${failures.length} database servers can be used. ${failures.map(({ message }) => message).join(' ')}`,
    {
      cause: failures[0],
      remedy: 'Check that one of them runs, and that this computer reaches its network (VPN).',
    },
  );
}
