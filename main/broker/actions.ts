import { auditEntries } from '../audit/entries.ts';
import { shownVerdict } from '../audit/verdict-text.ts';
import { verifyAudit } from '../audit/verify.ts';
import type { Broker } from './broker.ts';
import type { ActionHandlers } from '../contract/action-schemas.ts';
import type { AdministeringAction, ApiAction } from '../contract/actions.ts';

/** What each action does that a broker can do. Those that only the window has are in desktop/actions.ts. */
export type BrokerActions = ActionHandlers<ApiAction>;

export function brokerActions(broker: Broker): BrokerActions {
  return { ...ownActions(broker), ...broker.administration };
}

/** All but what administers, and with no way to it. */
function ownActions(
  broker: Omit<Broker, 'administration'>,
): ActionHandlers<Exclude<ApiAction, AdministeringAction>> {
  const { secondFactor, localAccounts, updates } = broker;
  return {
    async readState({ after, wait }) {
      if (broker.revision() <= after) await nextChange(broker, wait * 1000);
      const { apiStateOf } = await import('../contract/api-state.ts');
      return { revision: broker.revision(), state: apiStateOf(broker.state()) };
    },

    signIn: (request) => broker.signIn(request),
    signInLocally: ({ username, password, code }) => broker.signInLocally(username, password, code),
    cancelSignIn: () => broker.cancelSignIn(),
    signOut: (request) => broker.signOut(request),
    useAccount: async ({ as }) => {
      const account = await broker.useAccount(as);
      return account === undefined ? {} : { account };
    },
    refresh: () => broker.refresh(),

    issueToken: (request) => broker.issueToken(request),
    async revokeTokens(which) {
      if ('all' in which) return { revoked: await broker.revokeAllTokens() };
      await broker.revokeToken(which.id);
      return { revoked: 1 };
    },
    async cutSessions(which) {
      if ('all' in which) return { cut: await broker.cutAllSessions() };
      await broker.cutSession(which.id);
      return { cut: 1 };
    },
    dismissGatewayRestart: async () => broker.dismissGatewayRestart(),
    retryListeners: () => broker.retryListeners(),

    makeHandle: (request) => broker.makeHandle(request),
    revokeHandle: ({ id }) => broker.revokeHandle(id),

    allowClient: ({ id, choice }) => broker.allowClient(id, choice),
    denyPrompt: ({ id, block }) => broker.denyPrompt(id, block),
    answerPrompt: ({ id, code }) => secondFactor.prompts.answer(code, id),
    askPhone: ({ id }) => secondFactor.prompts.askPhone(id),

    lock: () => broker.locked(),
    unlock: ({ code, as }) => broker.unlock(code, as),
    unlockKeyring: () => broker.unlockKeyring(),

    // These take a code of the key that the enrolment has shown, or the phone that was invited.
    confirmTotp: async ({ code, as }) => ({ recoveryCodes: await secondFactor.confirmTotp(code, as) }),
    confirmPush: ({ as }) => secondFactor.confirmPush(as),
    confirmLocalAccount: async ({ username, code }) => ({
      recoveryCodes: await localAccounts.confirm(username, code),
    }),

    findTenant: (request) => broker.findTenant(request),
    validateProvider: async ({ name }) => ({ checks: await broker.validateProvider(name) }),
    reloadConfiguration: () => broker.reloadConfiguration('asked'),
    lookAtOrganisation: ({ address }) => broker.lookAtOrganisation(address),
    readConnections: () => broker.readConnections(),
    testConnection: (request) => broker.testConnection(request),
    cancelConnectionTest: async ({ id }) => broker.cancelConnectionTest(id),
    lookAtConnections: (request) => broker.lookAtConnections(request),
    findGroups: ({ text, as }) => broker.findGroups(text, as),
    listLocalAccounts: async () => ({ accounts: await localAccounts.list() }),
    listSecrets: async () => ({ passwords: await broker.storedPasswords() }),
    readLogins: async ({ connection }) => ({ logins: broker.recentLogins(connection) }),
    readAudit: (query) => auditEntries(broker.auditFolder, query),
    async verifyAudit() {
      const publicKey = broker.auditKey();
      return shownVerdict(await verifyAudit(broker.auditFolder, { publicKey }), publicKey);
    },
    readAuditKey: async () => ({ publicKey: broker.auditKey() ?? null }),
    checkForUpdates: () => updates.check(),
    setUpdateChannel: ({ channel }) => updates.setChannel(channel),
    installUpdate: ({ endSessions = false }) => updates.install(endSessions),
    runDoctor: async () => ({ checks: await broker.doctor() }),
    explain: ({ subject }) => broker.explain(subject),
    makeSupportBundle: async () => ({ bundle: await broker.supportBundle() }),
  };
}

/** Resolves with the next change of the state, or after `waitMs`. */
async function nextChange(broker: Pick<Broker, 'subscribe'>, waitMs: number): Promise<void> {
  if (waitMs === 0) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    const unsubscribe = broker.subscribe(done);
  });
}
