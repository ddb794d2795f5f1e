import { parseConfiguration } from '../../main/config/load.ts';
import type { ConnectionSettings } from '../../main/config/schema.ts';

/** A connection as the configuration makes it of what its file says, beside one provider. */
export function configuredConnection(connection: object): ConnectionSettings {
  const text = JSON.stringify({
    providers: [
      {
        name: 'work',
        type: 'azure-directory',
        authority: 'https://login.microsoftonline.com/fabrikam.example',
        applicationId: '00000000-0000-4000-8000-000000000001',
      },
    ],
    connections: [connection],
  });
  const [found] = parseConfiguration(text, 'the test').connections;
  if (found === undefined) throw new Error('no connection');
  return found;
}
