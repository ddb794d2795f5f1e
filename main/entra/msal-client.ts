import type {
  AuthenticationResult,
  ConfidentialClientApplication,
  Configuration,
  INetworkModule,
  LogLevel,
  PublicClientApplication,
} from '@azure/msal-node';
import { z } from 'zod';
import type { Account } from '../contract/state.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { readClientCertificate } from './client-credential.ts';

export interface MsalOptions {
  /** Origin of the authority. */
  login: string;
  tenantId: string;
  applicationId: string;
  network: INetworkModule;
}

/**
 * An MSAL client that holds its cache in memory only: what it learns counts once the caller has checked it and written
 * it down.
 */
export async function createMsalClient(options: MsalOptions): Promise<PublicClientApplication> {
  const msal = await import('@azure/msal-node');
  return new msal.PublicClientApplication(configurationOf(options));
}

/** The same for the application itself, with its secret or its certificate. `tenantId` may be a domain here: no account is compared. */
export async function createMsalApplication(
  options: MsalOptions & { secret: string },
): Promise<ConfidentialClientApplication> {
  const { auth, ...rest } = configurationOf(options);
  const certificate = readClientCertificate(options.secret);
  const proof =
    certificate === undefined
      ? { clientSecret: options.secret }
      : {
          clientCertificate: {
            privateKey: certificate.privateKey,
            thumbprintSha256: certificate.thumbprintSha256,
          },
        };
  const msal = await import('@azure/msal-node');
  return new msal.ConfidentialClientApplication({ ...rest, auth: { ...auth, ...proof } });
}

function configurationOf(options: MsalOptions): Configuration {
  return {
    auth: {
      clientId: options.applicationId,
      authority: `${options.login}/${options.tenantId}`,
      // With the port: else MSAL asks the public cloud about a local host.
      knownAuthorities: [new URL(options.login).host],
      // Tells Entra ID that claims challenges are understood (continuous access evaluation).
      clientCapabilities: ['cp1'],
    },
    system: {
      networkClient: options.network,
      // MSAL's log lines quote the server's texts, which name people.
      loggerOptions: {
        loggerCallback: () => undefined,
        piiLoggingEnabled: false,
        logLevel: 0 satisfies LogLevel.Error,
      },
    },
  };
}

const claims = z.object({
  oid: z.guid().toLowerCase(),
  tid: z.guid().toLowerCase(),
  preferred_username: z.string().max(1000).catch(''),
  // An optional claim, and where it is there the name that the directory itself uses.
  upn: z.string().max(1000).catch(''),
  name: z.string().max(1000).catch(''),
});

/**
 * Who a token is for, by the claims of the id_token, which came from the authority over TLS (OpenID Connect Core
 * section 3.1.3.7 lets that stand for the signature).
 * @throws LatchkeyError `authority-invalid` where the token does not say it: no account is guessed.
 */
export function accountOf(result: AuthenticationResult | null, provider: string): Account {
  const parsed = claims.safeParse(result?.idTokenClaims);
  if (!parsed.success) {
    throw new LatchkeyError(
      'authority-invalid',
      'The authority did not say whom it signed in (no oid or tid).',
      {
        remedy: 'Use a work or school account; personal accounts and other identity services do not serve.',
      },
    );
  }
  const { oid, tid, preferred_username: preferred, upn, name } = parsed.data;
  const username = preferred === '' ? upn : preferred;
  return { provider, tenantId: tid, objectId: oid, username, displayName: name === '' ? username : name };
}

/** The names to sign in with that the token has: a guest's own one, and the long one with #EXT#. */
export function signInNames(result: AuthenticationResult | null): string[] {
  const { preferred_username: preferred = '', upn = '' } = claims.safeParse(result?.idTokenClaims).data ?? {};
  return [preferred, upn].filter((name) => name !== '');
}

/**
 * The error for a failure that MSAL found by itself, without an answer of the authority. Its errors are known by their
 * names: for their classes MSAL would have to be loaded before it is used.
 */
export function explainMsalError(error: unknown): LatchkeyError {
  if (error instanceof LatchkeyError) return error;
  if (error instanceof Error && error.name === 'InteractionRequiredAuthError') {
    return new LatchkeyError('sign-in-required', 'There is no usable sign-in stored.', {
      remedy: 'Sign in.',
      cause: error,
    });
  }
  const { errorCode } = (error ?? {}) as { errorCode?: unknown };
  const name = typeof errorCode === 'string' && /^\w{1,60}$/.test(errorCode) ? errorCode : 'unknown';
  return new LatchkeyError('authority-invalid', `The sign-in library could not use the answer (${name}).`, {
    remedy: 'Check "authority" and "cloud" of the provider and try again.',
    cause: error,
  });
}
