import type { IpcAction } from '../contract/actions.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { IpcReply, IpcRequest } from '../contract/ipc.ts';
import type { SecretClipboard } from './clipboard.ts';
import { allowedExternalUrl } from './navigation.ts';
import type { DesktopBroker } from './ports.ts';

/** One function for each action of the contract; window and tray both act through these. */
export type DesktopActions = {
  [A in IpcAction]: (request: IpcRequest<A>) => Promise<IpcReply<A> extends undefined ? void : IpcReply<A>>;
};

export interface ActionParts {
  broker: DesktopBroker;
  secrets: SecretClipboard;
  /** For what is no secret: device code, command line and settings of tools. */
  copyText(text: string): void | Promise<void>;
  openExternal(url: string): Promise<void>;
  /** Resolves to an empty string, or to the reason why the folder could not be opened. */
  openFolder(path: string): Promise<string>;
  preferences: Pick<DesktopActions, 'getPreferences' | 'setPreferences'>;
  quit(): void;
}

export function createActions(parts: ActionParts): DesktopActions {
  const { broker, secrets } = parts;
  const { secondFactor } = broker;

  const waitingCode = () => {
    const { signIn } = broker.state();
    return signIn.kind === 'code' ? signIn : undefined;
  };

  return {
    getState: async () => broker.state(),
    signIn: (request) => broker.signIn(request),
    signInLocally: ({ username, password, code }) => broker.signInLocally(username, password, code),
    cancelSignIn: () => broker.cancelSignIn(),
    signOut: () => broker.signOut(),

    async copyCode() {
      const code = waitingCode();
      if (code === undefined) return false;
      await parts.copyText(code.userCode);
      return true;
    },

    async openVerificationPage() {
      const code = waitingCode();
      if (code === undefined) return false;
      const url = allowedExternalUrl(code.verificationUri, broker.localTenantOrigin);
      if (url === undefined) {
        throw new LatchkeyError(
          'request-refused',
          'The sign-in page is not at an address that Latchkey trusts.',
          {
            remedy:
              'Do not enter the code there. Cancel, and ask whoever set up Latchkey to check the authority.',
          },
        );
      }
      await openWithSystem(
        () => parts.openExternal(url),
        'The browser could not be started.',
        `Open ${url} yourself.`,
      );
      return true;
    },

    async copyToken(request) {
      const issued = await broker.issueToken(request);
      try {
        const clearsAt = await secrets.copy(issued.token);
        return {
          id: issued.id,
          role: issued.role,
          expiresAt: issued.expiresAt,
          clearsAt: clearsAt.toISOString(),
        };
      } catch (cause) {
        await broker.revokeToken(issued.id);
        throw new LatchkeyError('command-failed', 'The token could not be put on the clipboard.', {
          remedy: 'It has been revoked. Try again, or use `latchkey token` in a terminal.',
          cause,
        });
      }
    },

    async copyCommand({ connection }) {
      const command = broker.state().connections.find(({ name }) => name === connection)?.command;
      if (command === undefined) {
        throw new LatchkeyError(
          'connection-unknown',
          `There is no command for the connection "${connection}".`,
          {
            remedy: 'Choose one of the connections that are shown with a command.',
          },
        );
      }
      await parts.copyText(command);
    },

    revokeToken: ({ id }) => broker.revokeToken(id),
    revokeAllTokens: () => broker.revokeAllTokens(),
    cutSession: ({ id }) => broker.cutSession(id),
    async cutAllSessions() {
      await broker.cutAllSessions();
    },

    async copyHandle(request) {
      const { id, handle } = await broker.makeHandle(request);
      try {
        return { id, clearsAt: (await secrets.copy(handle)).toISOString() };
      } catch (cause) {
        await broker.revokeHandle(id);
        throw new LatchkeyError('command-failed', 'The handle could not be put on the clipboard.', {
          remedy: 'It has been revoked. Try again.',
          cause,
        });
      }
    },

    revokeHandle: ({ id }) => broker.revokeHandle(id),
    allowClient: ({ id, choice }) => broker.allowClient(id, choice),

    connectTools: ({ connection }) => broker.connect.tools(connection),
    connectSettings: ({ connection, tool }) => broker.connect.settings(connection, tool),
    async copySetting({ connection, tool, text }) {
      await parts.copyText(await broker.connect.text(connection, tool, text));
    },
    writeSettings: async ({ connection, tool }) => ({
      written: await broker.connect.write(connection, tool),
    }),
    openTool: ({ connection, tool }) => broker.connect.open(connection, tool),

    async openAuditFolder() {
      const remedy = `Open the folder ${broker.auditFolder} yourself.`;
      await openWithSystem(
        async () => {
          const failure = await parts.openFolder(broker.auditFolder);
          if (failure !== '') throw new Error(failure);
        },
        'The audit folder could not be opened.',
        remedy,
      );
    },

    getPreferences: parts.preferences.getPreferences,
    setPreferences: parts.preferences.setPreferences,

    enrolTotp: ({ code }) => secondFactor.enrolTotp(code),
    confirmTotp: async ({ code }) => ({ recoveryCodes: await secondFactor.confirmTotp(code) }),
    removeTotp: ({ code }) => secondFactor.removeTotp(code),
    enrolPush: ({ code }) => secondFactor.enrolPush(code),
    confirmPush: () => secondFactor.confirmPush(),
    removePush: ({ code }) => secondFactor.removePush(code),
    answerPrompt: ({ id, code }) => secondFactor.desk.answer(code, id),
    askPhone: ({ id }) => secondFactor.desk.askPhone(id),
    denyPrompt: ({ id }) => broker.denyPrompt(id),

    saveProvider: (provider) => broker.saveProvider(provider),
    removeProvider: ({ name }) => broker.removeProvider(name),
    setProviderEnabled: ({ name, enabled }) => broker.setProviderEnabled(name, enabled),
    setProviderSecret: ({ name, secret }) => broker.setProviderSecret(name, secret ?? undefined),
    validateProvider: ({ name }) => broker.validateProvider(name),
    runDoctor: () => broker.doctor(),
    quit: async () => parts.quit(),
  };
}

async function openWithSystem(open: () => Promise<void>, message: string, remedy: string): Promise<void> {
  try {
    await open();
  } catch (cause) {
    throw new LatchkeyError('command-failed', message, { remedy, cause });
  }
}
