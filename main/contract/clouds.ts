/** Microsoft's national clouds, and `local` for the local tenant. */
export const cloudNames = ['global', 'us-government', 'us-government-dod', 'china', 'local'] as const;
export type CloudName = (typeof cloudNames)[number];

/** The ways to sign in with a browser somewhere: with a code on any device, or in the browser of this computer. */
export const signInWays = ['device-code', 'browser'] as const;
export type SignInWay = (typeof signInWays)[number];

/** Own second factors, beside what the directory itself asks for. */
export const factorNames = ['totp', 'push'] as const;
export type FactorName = (typeof factorNames)[number];
