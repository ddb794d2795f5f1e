import { LatchkeyError } from '../contract/errors.ts';
import type { EntraPorts } from '../credentials/entra.ts';
import { isGrantDead } from '../session/entra-verdicts.ts';
import type { Session } from '../session/session.ts';
import type { AccessToken, Provider } from '../session/provider-port.ts';

export interface EntraTokensOptions {
  providerNamed(name: string): Provider;
  session: Pick<Session, 'withId' | 'refresh' | 'answeredFor'>;
}

/** Tokens for databases of the account whose session it is; of no other, whoever comes or goes meanwhile. */
export function createEntraTokens({ providerNamed, session }: EntraTokensOptions): EntraPorts['entraToken'] {
  return async (scopes, { id, provider, account }) => {
    const isLive = (): boolean => session.withId(id) !== undefined;
    if (!isLive()) throw signInEnded();
    let token: AccessToken | undefined;
    try {
      token = await providerNamed(provider).accessToken?.(scopes, account);
    } catch (error) {
      if (error instanceof LatchkeyError && error.entra !== undefined)
        session.answeredFor(id, scopes.join(' '), error.entra);
      // One resource was refused. Whether the sign-in has ended is for its own renewal to say, at once.
      if (error instanceof LatchkeyError && isGrantDead(error.entra)) void session.refresh(id);
      throw error;
    }
    // It may have taken a while: what was fetched for somebody who has gone since is nobody's.
    if (!isLive()) throw signInEnded();
    session.answeredFor(id, scopes.join(' '), undefined);
    return token;
  };
}

function signInEnded(): LatchkeyError {
  return new LatchkeyError('sign-in-required', 'The sign-in of this account has ended.', {
    remedy: 'Sign in, then connect again.',
  });
}
