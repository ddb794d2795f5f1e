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
    cancelSignIn: note('cancelSignIn'),
    signOut: note('signOut'),
    async issueToken(request) {
      calls.push(['issueToken', request]);
      return { id: 't1', token: 'lk_secret', role: 'sales_reader', expiresAt: '2026-03-10T09:27:30.000Z' };
    },
    revokeToken: note('revokeToken'),
    revokeAllTokens: note('revokeAllTokens'),
    cutSession: note('cutSession'),
    close: note('close'),
    auditFolder: '/var/audit',
    ...changes,
  };
  return { broker, calls };
}
