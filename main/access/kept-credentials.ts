import { toLogText } from '../contract/errors.ts';
import type { Credential, CredentialRequest } from '../credentials/credentials.ts';
import type { Admitted, LiveLogins } from './live-logins.ts';

export interface KeptCredentialsOptions {
  live: Pick<LiveLogins, 'ids' | 'find'>;
  /** The credential for one more login of an open session; undefined where there is none but the one that was given out. */
  credentialAgain(request: CredentialRequest): Promise<Credential | undefined>;
  /** For the log of the process: faults of our own. */
  log?(line: string): void;
}

/** In ms: a token that is fetched has five minutes left at least, so that one that was kept is good until the next look. */
export const keepEveryMs = 4 * 60_000;

/**
 * Credentials with which statements of open sessions can be stopped. MySQL takes a login for that, and a token of the
 * directory cannot be fetched any more when the sign-in has ended: it is kept from before.
 */
export function createKeptCredentials({ live, credentialAgain, log }: KeptCredentialsOptions) {
  const kept = new WeakMap<Admitted, Credential>();

  return {
    /** To be called every `keepEveryMs`. Never rejects: what cannot be had now is tried again the next time. */
    async keep(): Promise<void> {
      await Promise.allSettled(
        live.ids(endsWithSignIn).map(async (id) => {
          const login = live.find(id);
          const credential = login && (await credentialAgain(login.request));
          if (login !== undefined && credential !== undefined) kept.set(login, credential);
        }),
      );
    },

    /** The credential as it is now, else the one that was kept; undefined where there is neither. Never rejects. */
    async again(login: Admitted): Promise<Credential | undefined> {
      try {
        return await credentialAgain(login.request);
      } catch (error) {
        const before = kept.get(login);
        if (before === undefined) log?.(`connection "${login.request.connection}": ${toLogText(error)}`);
        return before;
      }
    },
  };
}

function endsWithSignIn({ connection, request }: Admitted): boolean {
  const { password } = request.rule;
  return connection.protocol === 'mysql' && password !== undefined && 'entra' in password;
}
