import { z } from 'zod';
import type { IpcAction } from './actions.ts';
import type { Problem } from './errors.ts';
import { appState, type AppState } from './state.ts';

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

export const ipcActions = {
  getState: { request: nothing, reply: appState },
  signIn: { request: z.strictObject({ provider: z.string().max(100).optional() }), reply: nothing },
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
  openAuditFolder: { request: nothing, reply: nothing },
  getPreferences: { request: nothing, reply: preferences },
  /** Changes the keys that are given and answers with all of them. */
  setPreferences: {
    request: z.strictObject({ theme: z.enum(themes).optional(), startAtLogin: z.boolean().optional() }),
    reply: preferences,
  },
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
