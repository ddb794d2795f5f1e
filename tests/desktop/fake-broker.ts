import type { AppState } from '../../main/contract/state.ts';
import type { DesktopBroker } from '../../main/desktop/ports.ts';

/** A broker that does nothing but write down what it was asked. */
export function createFakeBroker(state: AppState, changes: Partial<DesktopBroker> = {}) {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    async (...args: unknown[]): Promise<void> =>
      void calls.push([name, ...args]);
  const broker: DesktopBroker = {
    state: () => state,
    subscribe: () => () => {},
    signIn: note('signIn'),
    signInLocally: note('signInLocally'),
    cancelSignIn: note('cancelSignIn'),
    signOut: note('signOut'),
    async issueToken(request) {
      calls.push(['issueToken', request]);
      return { id: 't1', token: 'lk_secret', role: 'sales_reader', expiresAt: '2026-03-10T09:27:30.000Z' };
    },
    revokeToken: note('revokeToken'),
    revokeAllTokens: note('revokeAllTokens'),
    cutSession: note('cutSession'),
    async cutAllSessions() {
      calls.push(['cutAllSessions']);
      return 3;
    },
    async makeHandle(request) {
      calls.push(['makeHandle', request]);
      return { id: 'h1', handle: 'lkh_secret' };
    },
    revokeHandle: note('revokeHandle'),
    allowClient: note('allowClient'),
    denyPrompt: note('denyPrompt'),
    locked: note('locked'),
    secondFactor: {
      enrolTotp: async (...args) => {
        calls.push(['enrolTotp', ...args]);
        return { uri: 'otpauth://totp/x', key: 'JBSW Y3DP', qr: [[true]] };
      },
      confirmTotp: async (...args) => {
        calls.push(['confirmTotp', ...args]);
        return ['7K3M-9Q2X'];
      },
      removeTotp: note('removeTotp'),
      enrolPush: async (...args) => {
        calls.push(['enrolPush', ...args]);
        return { uri: 'ntfy://push.example/topic', key: 'topic', qr: [[true]] };
      },
      confirmPush: note('confirmPush'),
      removePush: note('removePush'),
      desk: {
        answer: note('answer'),
        askPhone: note('askPhone'),
      },
    },
    connect: {
      async tools(...args) {
        calls.push(['tools', ...args]);
        return [{ id: 'dbeaver', title: 'DBeaver', installed: true }];
      },
      async settings(...args) {
        calls.push(['settings', ...args]);
        return {
          title: 'DBeaver',
          needs: 'handle',
          steps: ['Restart DBeaver.'],
          fields: [{ label: 'Port', value: '6432' }],
          texts: [],
          files: [],
          canOpen: true,
        };
      },
      async text(...args) {
        calls.push(['text', ...args]);
        return 'jdbc:postgresql://127.0.0.1:6432/sales';
      },
      async write(...args) {
        calls.push(['write', ...args]);
        return ['/home/adele/.pg_service.conf'];
      },
      open: note('open'),
    },
    saveProvider: note('saveProvider'),
    removeProvider: note('removeProvider'),
    setProviderEnabled: note('setProviderEnabled'),
    setProviderSecret: note('setProviderSecret'),
    validateProvider: async (...args) => {
      calls.push(['validateProvider', ...args]);
      return [{ name: 'authority', result: 'ok', message: 'It answers.' }];
    },
    doctor: async (...args) => {
      calls.push(['doctor', ...args]);
      return [];
    },
    close: note('close'),
    auditFolder: '/var/audit',
    ...changes,
  };
  return { broker, calls };
}
