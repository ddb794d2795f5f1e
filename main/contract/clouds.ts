/** Microsoft's national clouds, and `local` for the local tenant. */
export const cloudNames = ['global', 'us-government', 'us-government-dod', 'china', 'local'] as const;
export type CloudName = (typeof cloudNames)[number];
export type MicrosoftCloud = Exclude<CloudName, 'local'>;

/** Origins of sign-in and of Microsoft Graph in Microsoft's clouds (learn.microsoft.com/graph/deployments). */
export const cloudAddresses = {
  global: { login: 'https://login.microsoftonline.com', graph: 'https://graph.microsoft.com' },
  'us-government': { login: 'https://login.microsoftonline.us', graph: 'https://graph.microsoft.us' },
  'us-government-dod': { login: 'https://login.microsoftonline.us', graph: 'https://dod-graph.microsoft.us' },
  china: {
    login: 'https://login.partner.microsoftonline.cn',
    graph: 'https://microsoftgraph.chinacloudapi.cn',
  },
} satisfies Record<MicrosoftCloud, { login: string; graph: string }>;

/** The ways to sign in with a browser somewhere: with a code on any device, or in the browser of this computer. */
export const signInWays = ['device-code', 'browser'] as const;
export type SignInWay = (typeof signInWays)[number];

/** Own second factors, beside what the directory itself asks for. */
export const factorNames = ['totp', 'push'] as const;
export type FactorName = (typeof factorNames)[number];
