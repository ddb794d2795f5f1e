import { expect, test } from 'vitest';
import { type Action, actions } from '../../main/contract/actions.ts';
import { actionSchemas } from '../../main/contract/action-schemas.ts';
import { served } from '../../main/contract/perform.ts';

const table = Object.entries<Action>(actions);

/**
 * What each route may touch. A new one has to be put here by whoever adds it: what changes providers, chain, accounts,
 * secrets or factors, or takes from the audit, is `administers`, and takes the person's proof.
 */
const kinds = {
  reads: [
    'GET /v1/logins',
    'POST /v1/audit/read',
    'POST /v1/audit/verify',
    'GET /v1/audit/key',
    'GET /v1/connections',
    'GET /v1/local-accounts',
    'GET /v1/secrets',
    'GET /v1/state',
  ].concat(
    ['doctor', 'explain', 'support-bundle', 'groups/find', 'providers/tenant', 'providers/validate'].map(
      (path) => `POST /v1/${path}`,
    ),
  ),
  own: [
    'configuration/reload',
    'connections/look',
    'connections/test',
    'connections/test/cancel',
    'handles',
    'handles/revoke',
    'account',
    'keyring/unlock',
    'gateways/restart/dismiss',
    'listeners/retry',
    'local-accounts/confirm',
    'lock',
    'organisation/look',
    'mfa/answer',
    'mfa/ask-phone',
    'mfa/push/confirm',
    'mfa/totp/confirm',
    'prompts/allow',
    'prompts/deny',
    'refresh',
    'sessions/cut',
    'sign-in',
    'sign-in/cancel',
    'sign-in/local',
    'sign-out',
    'tokens',
    'tokens/revoke',
    'unlock',
    'updates/channel',
    'updates/check',
    'updates/install',
  ].map((path) => `POST /v1/${path}`),
  administers: [
    'audit/prune',
    'connections/remove',
    'connections/save',
    'local-accounts/add',
    'local-accounts/enable',
    'local-accounts/enrol',
    'local-accounts/password',
    'local-accounts/remove',
    'mfa/push/enrol',
    'mfa/push/remove',
    'mfa/reset',
    'mfa/totp/enrol',
    'mfa/totp/remove',
    'organisation/join',
    'organisation/leave',
    'policies',
    'providers/enable',
    'providers/remove',
    'providers/save',
    'providers/secret',
    'secrets',
  ].map((path) => `POST /v1/${path}`),
};

test('each route of the API is known to read, to be of the person, or to administer', () => {
  for (const [kind, paths] of Object.entries(kinds)) {
    const found = table.flatMap(([, { may, route }]) => (may === kind ? (route ?? []) : []));
    expect(found.toSorted(), kind).toEqual(paths.toSorted());
  }
});

test('each action of the window that administers takes a proof, and no other does', () => {
  const administers = new Set([
    'enrolTotp',
    'removeTotp',
    'enrolPush',
    'removePush',
    'saveProvider',
    'removeProvider',
    'setProviderEnabled',
    'setProviderSecret',
    'saveConnections',
    'removeConnection',
    'storeSecret',
    'setPolicies',
    'joinOrganisation',
    'leaveOrganisation',
  ]);
  const others = new Set(
    'getState signIn cancelSignIn signOut signInLocally copyCode openVerificationPage copyToken copyCommand revokeTokens cutSessions copyHandle revokeHandle allowClient connectTools connectSettings copySetting writeSettings openTool openAuditFolder getPreferences setPreferences confirmTotp confirmPush answerPrompt askPhone readProgramIcon checkForUpdates setUpdateChannel installUpdate denyPrompt dismissGatewayRestart lock unlockAtScreen unlockKeyring validateProvider retryListeners readLogins readAudit verifyAudit saveAudit reloadConfiguration runDoctor quit readConnections testConnection cancelConnectionTest lookAtConnections readImport saveExport findGroups listSecrets useAccount chooseBundle lookAtOrganisation dismissLink getStart tryStart openConfiguration findTenant explain makeSupportBundle saveSupportBundle openWindow startDemo readAbout readLicences openOwnFile'.split(
      ' ',
    ),
  );
  for (const [action, entry] of table) {
    if (!entry.window) continue;
    const { request } = served(
      entry,
      actionSchemas[action as keyof typeof actions],
      async () => {},
      'window',
    );
    const shape = 'shape' in request ? (request.shape as object) : {};
    const takesProof = 'code' in shape && 'phone' in shape;
    expect({ action, takesProof }).toEqual({ action, takesProof: administers.has(action) });
    // Whoever uses the window cannot set up what only the files of a new home may.
    expect('setUp' in shape).toBe(false);
    expect(administers.has(action) || others.has(action), `${action} is classified`).toBe(true);
  }
});

test('without a sign-in the first provider can be saved, connections before it, an organisation joined or left, and nothing else be administered', () => {
  const first = table.flatMap(([action, { firstRun }]) => (firstRun === true ? [action] : []));
  expect(first).toEqual(['saveProvider', 'saveConnections', 'joinOrganisation', 'leaveOrganisation']);
});
