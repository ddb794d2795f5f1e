import type { SignInWay } from '../contract/clouds.ts';
import type { Check, ConnectSettings, ConnectTool, Enrolment, ProviderForm } from '../contract/ipc.ts';
import type { AppState, ClientChoice } from '../contract/state.ts';
import type { Seal } from '../store/seal.ts';

/** A token as it is handed out once; `expiresAt` is ISO 8601 in UTC. */
export interface IssuedToken {
  id: string;
  token: string;
  role: string;
  expiresAt: string;
}

/** A handle as it is handed out once: the secret is `handle`. */
export interface MadeHandle {
  id: string;
  handle: string;
}

/** Own second factors of the person who is signed in, and the answers to prompts for one. */
export interface DesktopSecondFactor {
  enrolTotp(code?: string): Promise<Enrolment>;
  /** Resolves to the recovery codes, which are told this once. */
  confirmTotp(code: string): Promise<string[]>;
  removeTotp(code: string): Promise<void>;
  enrolPush(code?: string): Promise<Enrolment>;
  /** Resolves when the invited phone has chosen the right number. */
  confirmPush(): Promise<void>;
  removePush(code: string): Promise<void>;
  desk: {
    answer(code: string, promptId: string): Promise<void>;
    /** Resolves when the phone has chosen the right number. */
    askPhone(promptId: string): Promise<void>;
  };
}

/** Settings of SQL tools for a connection. All of them reject for a connection or a tool that there is not. */
export interface DesktopConnect {
  tools(connection: string): Promise<ConnectTool[]>;
  /** With a word where a password goes, never with one. */
  settings(connection: string, tool: string): Promise<ConnectSettings>;
  /** The text with this index in the settings. */
  text(connection: string, tool: string, index: number): Promise<string>;
  /** Writes the files of the tool, with a handle where they hold a password; resolves to their paths. */
  write(connection: string, tool: string): Promise<string[]>;
  open(connection: string, tool: string): Promise<void>;
}

/** What the desktop needs of the broker. Every promise rejects with a LatchkeyError when the action is not possible. */
export interface DesktopBroker {
  state(): AppState;
  /** Calls back after every change; returns the way to stop. */
  subscribe(listener: (state: AppState) => void): () => void;
  /** Starts a sign-in; how it goes on is told through the state. */
  signIn(request: { provider?: string | undefined; way?: SignInWay | undefined }): Promise<void>;
  /** Resolves when somebody with a break-glass account is signed in. */
  signInLocally(username: string, password: string, code: string): Promise<void>;
  cancelSignIn(): Promise<void>;
  signOut(): Promise<void>;
  issueToken(request: { connection: string; role?: string | undefined }): Promise<IssuedToken>;
  revokeToken(id: string): Promise<void>;
  revokeAllTokens(): Promise<void>;
  cutSession(id: string): Promise<void>;
  /** Resolves to how many there were. */
  cutAllSessions(): Promise<number>;
  /** Makes a handle of the signed-in person for the tool that the person calls so. */
  makeHandle(request: { connection: string; role?: string | undefined; tool: string }): Promise<MadeHandle>;
  revokeHandle(id: string): Promise<void>;
  /** Lets the program in that this prompt asks about. */
  allowClient(promptId: string, choice: ClientChoice): Promise<void>;
  /** Refuses the logins that wait for this prompt, of whatever kind it is; a sign-in that they started ends with it. */
  denyPrompt(promptId: string): Promise<void>;
  secondFactor: DesktopSecondFactor;
  connect: DesktopConnect;
  saveProvider(provider: ProviderForm): Promise<void>;
  removeProvider(name: string): Promise<void>;
  setProviderEnabled(name: string, enabled: boolean): Promise<void>;
  /** Seals the application secret; undefined forgets it. */
  setProviderSecret(name: string, secret: string | undefined): Promise<void>;
  validateProvider(name: string): Promise<Check[]>;
  doctor(): Promise<Check[]>;
  close(): Promise<void>;
  auditFolder: string;
  /** Origin of the local tenant, such as `https://localhost:9443`; its pages may then be opened beside Microsoft's. */
  localTenantOrigin?: string | undefined;
  /** After sleep or unlock: deadlines may have passed while no timer ran. */
  recheck?(): void;
  /** The screen has been locked: programs that were allowed until then are asked about again. */
  locked(): Promise<void>;
}

/** What only Electron can give to the broker. */
export interface DesktopPlatform {
  seal: Seal;
  /** Fetch that knows the system's proxy and its certificate store, and that keeps no cookies. */
  fetch: typeof globalThis.fetch;
  /** Opens a page in the system's browser. */
  openBrowser(url: string): Promise<void>;
}
