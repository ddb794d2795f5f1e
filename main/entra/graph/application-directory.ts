import { LatchkeyError } from '../../contract/errors.ts';
import type { SecretEnd } from '../../contract/secret-end.ts';
import { createApplicationToken, type ApplicationTokenPorts } from '../application-token.ts';
import { certificateEnd, registeredEnd, registrationPath } from '../credential-end.ts';
import type { AzureDirectorySettings } from '../directory-settings.ts';
import { createGraphClient, type GraphOptions } from './graph-client.ts';
import { createPeople, type People } from './people.ts';

export interface ApplicationDirectoryOptions
  extends ApplicationTokenPorts, Pick<GraphOptions, 'sleep' | 'deadlineMs'> {
  settings: AzureDirectorySettings;
}

/**
 * Look-ups with the application's own permissions: nobody has to be signed in. Beside what People's look-ups throw
 * there is what ApplicationToken's `get` throws.
 */
export interface ApplicationDirectory extends People {
  /**
   * When the secret that is stored runs out, or the certificate; undefined where the application may not read its own
   * registration (Application.Read.All) or that does not list it.
   */
  secretEnd(secret: string): Promise<SecretEnd | undefined>;
  close(): Promise<void>;
}

const needs = {
  user: { what: 'look people up', permissions: 'application permission User.Read.All (Microsoft Graph)' },
  groups: {
    what: 'read the groups of people',
    permissions: 'application permissions GroupMember.Read.All and User.Read.All (Microsoft Graph)',
  },
};

const ownRegistration = {
  what: 'read its own registration',
  permissions: 'application permission Application.Read.All (Microsoft Graph)',
};

/** @throws LatchkeyError `config-invalid` (see directoryAddress) */
export function createApplicationDirectory(options: ApplicationDirectoryOptions): ApplicationDirectory {
  const token = createApplicationToken(options.settings, options);
  const { now = Date.now } = options;
  const client = createGraphClient({
    ...options,
    origin: token.graph,
    accessToken: token.get,
    caller: 'application',
  });
  const { applicationId } = options.settings;
  const expired = 7_000_222;

  async function registeredSecretEnd(secret: string): Promise<SecretEnd | undefined> {
    try {
      const get = client.lookUp(AbortSignal.timeout(60_000), ownRegistration);
      const end = registeredEnd(await get(`${token.graph}/v1.0/${registrationPath(applicationId)}`), secret);
      return end === 'unreadable' ? undefined : end;
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      const { code, entra } = error;
      // Since when, nobody can ask any more.
      if (entra?.aadsts === expired) return { what: 'secret', at: new Date(now()).toISOString() };
      if (code === 'directory-refused' || code === 'account-disabled') return undefined;
      throw error;
    }
  }

  return {
    ...createPeople(client, token.graph, needs),
    secretEnd: async (secret) => certificateEnd(secret) ?? registeredSecretEnd(secret),
    close: token.close,
  };
}
