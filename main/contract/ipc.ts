import { z } from 'zod';
import type { IpcAction } from './actions.ts';
import { cloudNames, signInWays } from './clouds.ts';
import type { Problem } from './errors.ts';
import { appState, clientChoices, type AppState } from './state.ts';

/**
 * Everything the renderer may ask of the main process, as one value: main checks every payload with `request`, the
 * preload script and the renderer derive their types from it, and the tests walk it. The token itself is not in
 * any reply: main puts it on the clipboard, so the renderer never holds it.
 */
const nothing = z.undefined();
const id = z.strictObject({ id: z.string().max(100) });

export const themes = ['system', 'light', 'dark'] as const;

/** What a person may choose about the application on this computer; the policy of access is not among it. */
const preferences = z.object({ theme: z.enum(themes), startAtLogin: z.boolean() });
export type Preferences = z.infer<typeof preferences>;

const name = z.string().min(1).max(100);
const secret = z.string().min(1).max(4096);
const mfaCode = z.string().min(1).max(100);

/** What an authenticator or a phone scans, and the same as text; `qr` is a square of dark (true) and light modules. */
export const enrolment = z.object({ uri: z.string(), key: z.string(), qr: z.array(z.array(z.boolean())) });
export type Enrolment = z.infer<typeof enrolment>;

/** A SQL tool that can be told of a connection. */
export const connectTool = z.object({
  id: z.string(),
  title: z.string(),
  /** Whether it was found on this computer; false also for what is a library or a driver. */
  installed: z.boolean(),
});
export type ConnectTool = z.infer<typeof connectTool>;

/** What a tool needs to know of a connection. No secret is in it: where a password goes stands a word for one. */
export const connectSettings = z.object({
  title: z.string(),
  /**
   * `handle`: the tool saves a password, and gets a handle. `command`: it runs a command that prints a fresh token.
   * `none`: it asks for a password each time.
   */
  needs: z.enum(['handle', 'command', 'none']),
  /** Sentences, in order. */
  steps: z.array(z.string()),
  /** For its dialogs. */
  fields: z.array(z.object({ label: z.string(), value: z.string() })),
  /** To copy. */
  texts: z.array(z.object({ label: z.string(), language: z.string(), text: z.string() })),
  /** What `writeSettings` writes; empty for a tool that has no such file. */
  files: z.array(z.object({ path: z.string(), note: z.string() })),
  /** Whether `openTool` can start it. */
  canOpen: z.boolean(),
});
export type ConnectSettings = z.infer<typeof connectSettings>;

const connectRequest = z.strictObject({ connection: z.string().max(100), tool: z.string().max(100) });

/** One finding of the doctor. `remedy` says what to click or change where it is not `ok`. */
export const check = z.object({
  name: z.string(),
  result: z.enum(['ok', 'warning', 'failed', 'skipped']),
  message: z.string(),
  remedy: z.string().optional(),
  aadsts: z.number().int().optional(),
});
export type Check = z.infer<typeof check>;

/** The provider form of the origin: what is set for an Azure Directory. */
export const providerForm = z.strictObject({
  name,
  type: z.enum(['azure-directory', 'local']),
  enabled: z.boolean(),
  cloud: z.enum(cloudNames).optional(),
  authority: z.string().max(500).optional(),
  applicationId: z.string().max(100).optional(),
  resource: z.string().max(500).optional(),
  domains: z.array(z.string().max(253)).max(200).optional(),
  signIn: z.array(z.enum(signInWays)).optional(),
  redirectService: z.string().max(500).optional(),
  mailCodes: z.boolean().optional(),
});
export type ProviderForm = z.infer<typeof providerForm>;

export const ipcActions = {
  getState: { request: nothing, reply: appState },
  signIn: {
    request: z.strictObject({ provider: name.optional(), way: z.enum(signInWays).optional() }),
    reply: nothing,
  },
  /** A break-glass account: password and the code of its authenticator. */
  signInLocally: {
    request: z.strictObject({ username: z.string().min(1).max(200), password: secret, code: mfaCode }),
    reply: nothing,
  },
  cancelSignIn: { request: nothing, reply: nothing },
  signOut: { request: nothing, reply: nothing },
  /** Copies the device code that is waiting, and says whether there was one. */
  copyCode: { request: nothing, reply: z.boolean() },
  /** Opens the verification page of the code that is waiting, in the system browser, and says whether there was one. */
  openVerificationPage: { request: nothing, reply: z.boolean() },
  /** Issues a token, puts it on the clipboard and clears it from there when `clearsAt` is reached. */
  copyToken: {
    request: z.strictObject({ connection: z.string().max(100), role: z.string().max(200).optional() }),
    reply: z.object({
      id: z.string(),
      role: z.string(),
      expiresAt: z.iso.datetime(),
      clearsAt: z.iso.datetime(),
    }),
  },
  copyCommand: { request: z.strictObject({ connection: z.string().max(100) }), reply: nothing },
  revokeToken: { request: id, reply: nothing },
  revokeAllTokens: { request: nothing, reply: nothing },
  cutSession: { request: id, reply: nothing },
  cutAllSessions: { request: nothing, reply: nothing },
  /** Makes a handle for the tool of this name, and puts it on the clipboard as `copyToken` does with a token. */
  copyHandle: {
    request: z.strictObject({
      connection: z.string().max(100),
      role: z.string().max(200).optional(),
      tool: z.string().min(1).max(60),
    }),
    reply: z.object({ id: z.string(), clearsAt: z.iso.datetime() }),
  },
  revokeHandle: { request: id, reply: nothing },
  /** Lets the program of a prompt of kind `client` in. */
  allowClient: { request: z.strictObject({ id: name, choice: z.enum(clientChoices) }), reply: nothing },
  /** The tools that speak the protocol of this connection. */
  connectTools: {
    request: z.strictObject({ connection: z.string().max(100) }),
    reply: z.array(connectTool),
  },
  connectSettings: { request: connectRequest, reply: connectSettings },
  /** Copies the text with this index in `texts`. */
  copySetting: {
    request: connectRequest.extend({ text: z.number().int().min(0).max(100) }),
    reply: nothing,
  },
  /** Writes the files of the tool, with a handle made for them where they hold a password, and says which. */
  writeSettings: { request: connectRequest, reply: z.object({ written: z.array(z.string()) }) },
  openTool: { request: connectRequest, reply: nothing },
  openAuditFolder: { request: nothing, reply: nothing },
  getPreferences: { request: nothing, reply: preferences },
  /** Changes the keys that are given and answers with all of them. */
  setPreferences: {
    request: z.strictObject({ theme: z.enum(themes).optional(), startAtLogin: z.boolean().optional() }),
    reply: preferences,
  },
  /** Starts the enrolment of an authenticator; the answer is shown once and kept nowhere in the window's state. */
  enrolTotp: { request: z.strictObject({ code: mfaCode.optional() }), reply: enrolment },
  /** Confirms it with a first code and answers with the recovery codes, which are not shown again. */
  confirmTotp: {
    request: z.strictObject({ code: mfaCode }),
    reply: z.object({ recoveryCodes: z.array(z.string()) }),
  },
  removeTotp: { request: z.strictObject({ code: mfaCode }), reply: nothing },
  enrolPush: { request: z.strictObject({ code: mfaCode.optional() }), reply: enrolment },
  /** Asks the phone once; the number to choose comes in the state of the prompt. */
  confirmPush: { request: nothing, reply: nothing },
  removePush: { request: z.strictObject({ code: mfaCode }), reply: nothing },
  answerPrompt: { request: z.strictObject({ id: name, code: mfaCode }), reply: nothing },
  askPhone: { request: id, reply: nothing },
  /** Says no to a prompt of any kind: the logins that wait for it are refused. */
  denyPrompt: { request: id, reply: nothing },
  saveProvider: { request: providerForm, reply: nothing },
  removeProvider: { request: z.strictObject({ name }), reply: nothing },
  setProviderEnabled: { request: z.strictObject({ name, enabled: z.boolean() }), reply: nothing },
  /** Stores the application secret; null forgets it. */
  setProviderSecret: { request: z.strictObject({ name, secret: secret.nullable() }), reply: nothing },
  validateProvider: { request: z.strictObject({ name }), reply: z.array(check) },
  runDoctor: { request: nothing, reply: z.array(check) },
  /** Ends the application and with it every gateway, which closing the window does not. */
  quit: { request: nothing, reply: nothing },
} as const satisfies Record<IpcAction, { request: z.ZodType; reply: z.ZodType }>;

export type IpcRequest<A extends IpcAction> = z.infer<(typeof ipcActions)[A]['request']>;
export type IpcReply<A extends IpcAction> = z.infer<(typeof ipcActions)[A]['reply']>;

/** What crosses the bridge: a failed action is data, since Electron strips custom errors of all but their message. */
export type IpcOutcome<A extends IpcAction> =
  { ok: true; reply: IpcReply<A> } | { ok: false; problem: Problem };

export type LatchkeyBridge = {
  [A in IpcAction]: (request: IpcRequest<A>) => Promise<IpcOutcome<A>>;
} & {
  /** Calls back with every new snapshot; returns the way to stop. */
  onState(listener: (state: AppState) => void): () => void;
};
