/**
 * The names of everything the renderer may ask for. They stand apart from their schemas so that the preload script,
 * which runs before every page load inside the sandbox, needs no schema library.
 */
export const ipcActionNames = [
  'getState',
  'signIn',
  'cancelSignIn',
  'signOut',
  'signInLocally',
  'copyCode',
  'openVerificationPage',
  'copyToken',
  'copyCommand',
  'revokeToken',
  'revokeAllTokens',
  'cutSession',
  'cutAllSessions',
  'copyHandle',
  'revokeHandle',
  'allowClient',
  'connectTools',
  'connectSettings',
  'copySetting',
  'writeSettings',
  'openTool',
  'openAuditFolder',
  'getPreferences',
  'setPreferences',
  'enrolTotp',
  'confirmTotp',
  'removeTotp',
  'enrolPush',
  'confirmPush',
  'removePush',
  'answerPrompt',
  'askPhone',
  'denyPrompt',
  'saveProvider',
  'removeProvider',
  'setProviderEnabled',
  'setProviderSecret',
  'validateProvider',
  'runDoctor',
  'quit',
] as const;

export type IpcAction = (typeof ipcActionNames)[number];

export const actionChannel = (action: IpcAction): string => `latchkey:${action}`;
export const stateChannel = 'latchkey:state';
