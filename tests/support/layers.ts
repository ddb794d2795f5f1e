import type { ConfigurationSource, OrganisationSource } from '../../main/config/load.ts';

/** As on a computer without an organisation's file, whatever the one that runs the tests has. */
export const noOrganisation: OrganisationSource = { read: async () => undefined, files: [] };

export function ownFile(file: string): ConfigurationSource {
  return { file, organisation: noOrganisation };
}

/** An organisation's layer with this text. */
export function organisationOf(text: string, origin = '/etc/latchkey/organisation.yaml'): OrganisationSource {
  return { read: async () => ({ text, origin, folder: '/etc/latchkey' }), files: [] };
}

/** The settings of an organisation that has a provider, and locks how long a sign-in lasts. */
export const lockedDeadline = `locked: [session.deadline]
session: {deadline: 4h}
providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2
    applicationId: 1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2
`;
