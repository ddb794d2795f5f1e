import type { AppState } from '../contract/state.ts';
import type { Seal } from '../store/seal.ts';

/** A token as it is handed out once; `expiresAt` is ISO 8601 in UTC. */
export interface IssuedToken {
  id: string;
  token: string;
  role: string;
  expiresAt: string;
}

/** What the desktop needs of the broker. Every promise rejects with a LatchkeyError when the action is not possible. */
export interface DesktopBroker {
  state(): AppState;
  /** Calls back after every change; returns the way to stop. */
  subscribe(listener: (state: AppState) => void): () => void;
  /** Starts a sign-in; how it goes on is told through the state. */
  signIn(options: { provider?: string | undefined }): Promise<void>;
  cancelSignIn(): Promise<void>;
  signOut(): Promise<void>;
  issueToken(request: { connection: string; role?: string | undefined }): Promise<IssuedToken>;
  revokeToken(id: string): Promise<void>;
  revokeAllTokens(): Promise<void>;
  cutSession(id: string): Promise<void>;
  close(): Promise<void>;
  auditFolder: string;
  /** Origin of the local tenant, such as `https://localhost:9443`; its pages may then be opened beside Microsoft's. */
  localTenantOrigin?: string | undefined;
  /** After sleep or unlock: deadlines may have passed while no timer ran. */
  recheck?(): void;
}

/** What only Electron can give to the broker. */
export interface DesktopPlatform {
  seal: Seal;
  /** Fetch that knows the system's proxy and its certificate store, and that keeps no cookies. */
  fetch: typeof globalThis.fetch;
  /** Opens a page in the system's browser. */
  openBrowser(url: string): Promise<void>;
}
