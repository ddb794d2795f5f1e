/** Microsoft's national clouds, and `local` for the local tenant. */
export const cloudNames = ['global', 'us-government', 'us-government-dod', 'china', 'local'] as const;
export type CloudName = (typeof cloudNames)[number];
