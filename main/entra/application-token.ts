import { createHash } from 'node:crypto';
import { LatchkeyError } from '../contract/errors.ts';
import { createAuthority, type AuthorityPorts } from './authority.ts';
import type { AzureDirectorySettings } from './directory-settings.ts';
import { createMsalApplication, explainMsalError } from './msal-client.ts';
import { createMutex } from '../base/mutex.ts';

export interface ApplicationTokenPorts extends AuthorityPorts {
  /** The application secret; asked for at each call, so a new one counts at once. */
  secret(): Promise<string | undefined>;
}

/** Tokens of the application itself, which signs in with its secret (RFC 6749 section 4.4). */
export interface ApplicationToken {
  /** Origin of Microsoft Graph. */
  readonly graph: string;
  /**
   * An access token for Graph, kept in memory while it lives at least five minutes more; with `claims` (JSON text) or
   * `fresh` a new one.
   * @throws LatchkeyError `credential-missing` (no secret is stored), `directory-refused` (wrong or expired secret, and
   * whatever else is the application's fault), `application-unknown`, `tenant-unknown`, `authority-unreachable`,
   * `authority-invalid`, `broker-not-running`; what `secret` throws
   */
  get(options?: { claims?: string; fresh?: boolean }): Promise<string>;
  /** Forgets the token and ends whatever is under way. */
  close(): Promise<void>;
}

const renewBeforeMs = 5 * 60_000;

/** @throws LatchkeyError `config-invalid` (see directoryAddress) */
export function createApplicationToken(
  settings: AzureDirectorySettings,
  ports: ApplicationTokenPorts,
): ApplicationToken {
  const authority = createAuthority(settings, ports);
  const { cloud, tenant } = authority;
  const { now = Date.now } = ports;
  const mutex = createMutex();
  const ending = new AbortController();
  let cached: { token: string; expiresAt: number; secretDigest: string } | undefined;

  async function acquire(secret: string, claims: string | undefined) {
    const network = authority.connect(ending.signal);
    const application = await createMsalApplication({
      login: cloud.login,
      tenantId: tenant,
      applicationId: settings.applicationId,
      secret,
      network: network.module,
    });
    try {
      const result = await application.acquireTokenByClientCredential({
        scopes: [`${cloud.graph}/.default`],
        ...(claims === undefined ? {} : { claims }),
      });
      ending.signal.throwIfAborted();
      return { token: result?.accessToken ?? '', expiresAt: result?.expiresOn?.getTime() ?? 0 };
    } catch (error) {
      if (ending.signal.aborted) throw closing();
      throw asFaultOfApplication(network.failure() ?? explainMsalError(error), settings.name);
    }
  }

  return {
    graph: cloud.graph,
    get: ({ claims, fresh = false } = {}) =>
      mutex.run(async () => {
        if (ending.signal.aborted) throw closing();
        const secret = await ports.secret();
        if (secret === undefined || secret === '') throw noSecret(settings.name);
        const secretDigest = createHash('sha256').update(secret).digest('hex');
        const isUsable = cached?.secretDigest === secretDigest && cached.expiresAt - now() >= renewBeforeMs;
        if (cached && isUsable && claims === undefined && !fresh) return cached.token;
        cached = undefined;
        cached = { ...(await acquire(secret, claims)), secretDigest };
        return cached.token;
      }),
    async close() {
      ending.abort();
      await mutex.run(async () => undefined);
      cached = undefined;
    },
  };
}

/** Codes of a person's sign-in would end that person's session, who has nothing to do with the secret. */
function asFaultOfApplication(failure: LatchkeyError, provider: string): LatchkeyError {
  if (!failure.code.startsWith('sign-in-')) return failure;
  return new LatchkeyError(
    'directory-refused',
    `The application of provider "${provider}" cannot sign in. ${failure.message}`,
    { remedy: failure.remedy, entra: failure.entra, cause: failure },
  );
}

function noSecret(provider: string): LatchkeyError {
  return new LatchkeyError(
    'credential-missing',
    `No application secret is stored for provider "${provider}".`,
    {
      remedy:
        'Store it in the settings of the provider; it is needed for look-ups without a signed-in person.',
    },
  );
}

function closing(): LatchkeyError {
  return new LatchkeyError('broker-not-running', 'Latchkey is closing.', { remedy: 'Start it again.' });
}
