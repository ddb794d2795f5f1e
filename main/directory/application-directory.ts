import { createApplicationToken, type ApplicationTokenPorts } from '../identity/application-token.ts';
import type { AzureDirectorySettings } from '../identity/directory-settings.ts';
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
  close(): Promise<void>;
}

const needs = {
  user: { what: 'look people up', permissions: 'application permission User.Read.All (Microsoft Graph)' },
  groups: {
    what: 'read the groups of people',
    permissions: 'application permissions GroupMember.Read.All and User.Read.All (Microsoft Graph)',
  },
};

/** @throws LatchkeyError `config-invalid` (see directoryAddress) */
export function createApplicationDirectory(options: ApplicationDirectoryOptions): ApplicationDirectory {
  const token = createApplicationToken(options.settings, options);
  const client = createGraphClient({
    ...options,
    origin: token.graph,
    accessToken: token.get,
    caller: 'application',
  });
  return { ...createPeople(client, token.graph, needs), close: token.close };
}
