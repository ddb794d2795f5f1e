import { late } from '../late.tsx';

// What comes up on the first screens, but rarely.
export const JoinDialog = late(async () => (await import('./join-dialog.tsx')).JoinDialog, null);
export const ConnectDialog = late(async () => (await import('./connect-dialog.tsx')).ConnectDialog, null);
export const GatewayRestart = late(async () => (await import('./gateway-restart.tsx')).GatewayRestart, null);
export const LeftOut = late(async () => (await import('./left-out.tsx')).LeftOut, null);
export const ChangedConfiguration = late(
  async () => (await import('./changed-configuration.tsx')).ChangedConfiguration,
  null,
);
