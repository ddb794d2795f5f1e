/**
 * Every action of Latchkey, as plain data without a schema library: the preload script, which runs before every page
 * load inside the sandbox, reads it too. Requests and replies are in action-schemas.ts, what an action does in
 * broker/actions.ts, or in desktop/actions.ts for what the window alone has. From these come the channels of the window,
 * its bridge, the routes of the HTTP API, the client of the command line and the table in docs/API.md.
 */
export interface Action {
  /**
   * What it may touch. `reads` changes nothing; `own` is for the person at the keyboard: sign-in, tokens, sessions,
   * answers to prompts; `administers` changes who may decide, and takes a proof of the person (docs/SECURITY.md).
   */
  may: 'reads' | 'own' | 'administers';
  /** Whether the window may ask for it. */
  window: boolean;
  /** Method and path of the HTTP API, and so of the command line; absent for what the window alone has. */
  route?: `${'GET' | 'POST'} /v1/${string}`;
  /** Takes the account that is meant (`as`), where several are signed in; what administers takes it with its proof. */
  as?: true;
  /** Possible without a sign-in while there is no provider that anybody could sign in with. */
  firstRun?: true;
  /** Waits neither for a person nor for a server elsewhere: without an answer within seconds, Latchkey hangs. */
  soon?: true;
}

/**
 * The version of what the HTTP API answers and `--json` prints: it stands in each as `schemaVersion`. A new key leaves it
 * as it is; a key that goes, or that means something else, raises it.
 */
export const schemaVersion = 2;

export const actions = {
  getStart: { may: 'reads', window: true },
  tryStart: { may: 'own', window: true },
  openConfiguration: { may: 'own', window: true },
  getState: { may: 'reads', window: true },
  readState: { may: 'reads', window: false, route: 'GET /v1/state' },

  signIn: { may: 'own', window: true, route: 'POST /v1/sign-in' },
  signInLocally: { may: 'own', window: true, route: 'POST /v1/sign-in/local' },
  cancelSignIn: { may: 'own', window: true, route: 'POST /v1/sign-in/cancel', soon: true },
  signOut: { may: 'own', window: true, route: 'POST /v1/sign-out', as: true },
  useAccount: { may: 'own', window: true, route: 'POST /v1/account', soon: true, as: true },
  refresh: { may: 'own', window: false, route: 'POST /v1/refresh' },
  copyCode: { may: 'own', window: true },
  openVerificationPage: { may: 'own', window: true },

  issueToken: { may: 'own', window: false, route: 'POST /v1/tokens', soon: true, as: true },
  copyToken: { may: 'own', window: true, as: true },
  copyCommand: { may: 'own', window: true, as: true },
  revokeTokens: { may: 'own', window: true, route: 'POST /v1/tokens/revoke', soon: true },
  cutSessions: { may: 'own', window: true, route: 'POST /v1/sessions/cut', soon: true },
  dismissGatewayRestart: {
    may: 'own',
    window: true,
    route: 'POST /v1/gateways/restart/dismiss',
    soon: true,
  },
  retryListeners: { may: 'own', window: true, route: 'POST /v1/listeners/retry' },

  makeHandle: { may: 'own', window: false, route: 'POST /v1/handles', soon: true, as: true },
  copyHandle: { may: 'own', window: true, as: true },
  revokeHandle: { may: 'own', window: true, route: 'POST /v1/handles/revoke', soon: true },

  allowClient: { may: 'own', window: true, route: 'POST /v1/prompts/allow', soon: true },
  denyPrompt: { may: 'own', window: true, route: 'POST /v1/prompts/deny', soon: true },
  answerPrompt: { may: 'own', window: true, route: 'POST /v1/mfa/answer' },
  askPhone: { may: 'own', window: true, route: 'POST /v1/mfa/ask-phone' },
  readProgramIcon: { may: 'reads', window: true },

  lock: { may: 'own', window: true, route: 'POST /v1/lock', soon: true },
  unlock: { may: 'own', window: false, route: 'POST /v1/unlock', as: true },
  unlockAtScreen: { may: 'own', window: true },
  unlockKeyring: { may: 'own', window: true, route: 'POST /v1/keyring/unlock' },

  connectTools: { may: 'reads', window: true, as: true },
  connectSettings: { may: 'reads', window: true, as: true },
  copySetting: { may: 'own', window: true, as: true },
  writeSettings: { may: 'own', window: true, as: true },
  openTool: { may: 'own', window: true, as: true },

  enrolTotp: { may: 'administers', window: true, route: 'POST /v1/mfa/totp/enrol' },
  confirmTotp: { may: 'own', window: true, route: 'POST /v1/mfa/totp/confirm', as: true },
  removeTotp: { may: 'administers', window: true, route: 'POST /v1/mfa/totp/remove' },
  enrolPush: { may: 'administers', window: true, route: 'POST /v1/mfa/push/enrol' },
  confirmPush: { may: 'own', window: true, route: 'POST /v1/mfa/push/confirm', as: true },
  removePush: { may: 'administers', window: true, route: 'POST /v1/mfa/push/remove' },
  resetSecondFactor: { may: 'administers', window: false, route: 'POST /v1/mfa/reset' },

  findTenant: { may: 'reads', window: true, route: 'POST /v1/providers/tenant' },
  saveProvider: { may: 'administers', window: true, route: 'POST /v1/providers/save', firstRun: true },
  removeProvider: { may: 'administers', window: true, route: 'POST /v1/providers/remove' },
  setProviderEnabled: { may: 'administers', window: true, route: 'POST /v1/providers/enable' },
  setProviderSecret: { may: 'administers', window: true, route: 'POST /v1/providers/secret' },
  validateProvider: { may: 'reads', window: true, route: 'POST /v1/providers/validate' },

  reloadConfiguration: { may: 'own', window: true, route: 'POST /v1/configuration/reload' },
  readConnections: { may: 'reads', window: true, route: 'GET /v1/connections' },
  saveConnections: { may: 'administers', window: true, route: 'POST /v1/connections/save', firstRun: true },
  removeConnection: { may: 'administers', window: true, route: 'POST /v1/connections/remove' },
  testConnection: { may: 'own', window: true, route: 'POST /v1/connections/test', as: true },
  cancelConnectionTest: { may: 'own', window: true, route: 'POST /v1/connections/test/cancel' },
  lookAtConnections: { may: 'own', window: true, route: 'POST /v1/connections/look' },
  readImport: { may: 'reads', window: true },
  saveExport: { may: 'reads', window: true },
  findGroups: { may: 'reads', window: true, route: 'POST /v1/groups/find', as: true },

  chooseBundle: { may: 'reads', window: true },
  lookAtOrganisation: { may: 'own', window: true, route: 'POST /v1/organisation/look' },
  joinOrganisation: {
    may: 'administers',
    window: true,
    route: 'POST /v1/organisation/join',
    firstRun: true,
  },
  dismissLink: { may: 'own', window: true },
  leaveOrganisation: {
    may: 'administers',
    window: true,
    route: 'POST /v1/organisation/leave',
    firstRun: true,
  },

  listLocalAccounts: { may: 'reads', window: false, route: 'GET /v1/local-accounts' },
  addLocalAccount: { may: 'administers', window: false, route: 'POST /v1/local-accounts/add' },
  enrolLocalAccount: { may: 'administers', window: false, route: 'POST /v1/local-accounts/enrol' },
  confirmLocalAccount: { may: 'own', window: false, route: 'POST /v1/local-accounts/confirm' },
  removeLocalAccount: { may: 'administers', window: false, route: 'POST /v1/local-accounts/remove' },
  setLocalPassword: { may: 'administers', window: false, route: 'POST /v1/local-accounts/password' },
  setLocalEnabled: { may: 'administers', window: false, route: 'POST /v1/local-accounts/enable' },

  listSecrets: { may: 'reads', window: true, route: 'GET /v1/secrets' },
  storeSecret: { may: 'administers', window: true, route: 'POST /v1/secrets' },
  setPolicies: { may: 'administers', window: true, route: 'POST /v1/policies' },
  readLogins: { may: 'reads', window: true, route: 'GET /v1/logins', soon: true },
  readAudit: { may: 'reads', window: true, route: 'POST /v1/audit/read', soon: true },
  verifyAudit: { may: 'reads', window: true, route: 'POST /v1/audit/verify' },
  saveAudit: { may: 'reads', window: true },
  readAuditKey: { may: 'reads', window: false, route: 'GET /v1/audit/key' },
  pruneAudit: { may: 'administers', window: false, route: 'POST /v1/audit/prune' },
  openAuditFolder: { may: 'reads', window: true },

  runDoctor: { may: 'reads', window: true, route: 'POST /v1/doctor' },
  explain: { may: 'reads', window: true, route: 'POST /v1/explain' },
  makeSupportBundle: { may: 'reads', window: true, route: 'POST /v1/support-bundle' },
  saveSupportBundle: { may: 'reads', window: true },

  openWindow: { may: 'own', window: true },
  startDemo: { may: 'own', window: true },
  readAbout: { may: 'reads', window: true },
  readLicences: { may: 'reads', window: true },
  openOwnFile: { may: 'reads', window: true },
  checkForUpdates: { may: 'own', window: true, route: 'POST /v1/updates/check' },
  setUpdateChannel: { may: 'own', window: true, route: 'POST /v1/updates/channel' },
  installUpdate: { may: 'own', window: true, route: 'POST /v1/updates/install' },

  getPreferences: { may: 'reads', window: true },
  setPreferences: { may: 'own', window: true },
  quit: { may: 'own', window: true },
} as const satisfies Record<string, Action>;

type Table = typeof actions;
export type ActionName = keyof Table;
/** Those of the table that have this in their entry. */
type Having<Entry> = { [Name in ActionName]: Table[Name] extends Entry ? Name : never }[ActionName];
export type WindowAction = Having<{ window: true }>;
export type ApiAction = Having<{ route: string }>;
export type AdministeringAction = Having<{ may: 'administers' }>;

export const actionChannel = (action: string): string => `latchkey:${action}`;
export const stateChannel = 'latchkey:state';

/** The actions of a table that the window may ask for. */
export function windowActions(table: Readonly<Record<string, Action>>): string[] {
  return Object.keys(table).filter((name) => table[name]?.window);
}

/** The window's half of the bridge: each action by its name. One that takes nothing may be asked for without a request. */
export function actionBridge<Answer>(
  table: Readonly<Record<string, Action>>,
  invoke: (channel: string, request: unknown) => Answer,
): Record<string, (request: unknown) => Answer> {
  return Object.fromEntries(
    windowActions(table).map((name) => [
      name,
      (request: unknown = {}) => invoke(actionChannel(name), request),
    ]),
  );
}
