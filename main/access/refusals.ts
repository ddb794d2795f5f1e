import { LatchkeyError, type ErrorCode, type Problem } from '../contract/errors.ts';
import type { Refusal } from '../gateway/ports.ts';
import type { Handle } from './handles.ts';

/**
 * SQLSTATE for a refusal. Everything that is about who may come in is 28000 (invalid authorization specification), as
 * clients show it with its message; they treat 28P01 as "ask for the password again" and hide the hint.
 */
const otherStates: Partial<Record<ErrorCode, string>> = {
  'limit-reached': '53300',
  'database-unknown': '3D000',
  internal: 'XX000',
};

export function refusal(problem: Problem): Refusal {
  return { sqlState: otherStates[problem.code] ?? '28000', problem };
}

/** The sentences that a person reads in psql or in a tool's login dialog. */
export function tokenRefused(
  code: 'token-wrong' | 'token-expired' | 'token-revoked' | 'token-foreign',
  connection: string,
  expiredAt?: number,
): LatchkeyError {
  const remedy = `Copy a new token for "${connection}" from the Latchkey window, or run: latchkey token ${connection}`;
  switch (code) {
    case 'token-wrong':
      return new LatchkeyError(
        code,
        'Latchkey does not know this token: it was mistyped, or belongs to an earlier run.',
        { remedy },
      );
    case 'token-expired':
      return new LatchkeyError(
        code,
        `This token expired${expiredAt === undefined ? '' : ` at ${new Date(expiredAt).toISOString()}`}.`,
        { remedy },
      );
    case 'token-revoked':
      return new LatchkeyError(code, 'This token has been revoked.', { remedy });
    case 'token-foreign':
      return new LatchkeyError(
        code,
        `This token was not issued for this user on connection "${connection}".`,
        {
          remedy: `${remedy}; the user name is your sign-in name or the role that the token was issued for`,
        },
      );
  }
}

export function handleRefused(
  code: 'handle-revoked' | 'handle-foreign',
  { tool, connection }: Handle,
): LatchkeyError {
  if (code === 'handle-revoked') {
    return new LatchkeyError(code, `The handle for "${tool}" has been revoked.`, {
      remedy: `Make a new one for "${connection}" in the Latchkey window, or run: latchkey handle make ${connection}`,
    });
  }
  return new LatchkeyError(code, `The handle for "${tool}" is not for this user and connection.`, {
    remedy: `It opens "${connection}" only, with the sign-in name that it was made under as the user name.`,
  });
}
