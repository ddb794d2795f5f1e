import { late } from '../late.tsx';

/** Dialogs that come up from the first screens, but rarely. */
export const JoinDialog = late(async () => (await import('./join-dialog.tsx')).JoinDialog, null);
export const ConnectDialog = late(async () => (await import('./connect-dialog.tsx')).ConnectDialog, null);
