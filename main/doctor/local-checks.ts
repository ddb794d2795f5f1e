import type { AppState } from '../contract/state.ts';
import type { Check } from '../contract/ipc.ts';

/** What can be told without asking anybody else: from the state of the broker, and the passwords that are stored. */
export function localChecks(
  state: AppState,
  passwords: readonly { name: string; stored: boolean }[],
): Check[] {
  return [
    ...state.connections.map(({ name, listener, host, port }): Check => {
      const what = `connection ${name}`;
      if (listener.kind !== 'failed')
        return { name: what, result: 'ok', message: `Listening on ${host}:${port}.` };
      const { message, remedy } = listener.problem;
      return { name: what, result: 'failed', message, ...(remedy === undefined ? {} : { remedy }) };
    }),
    ...passwords.map(({ name, stored }): Check => {
      const what = `password ${name}`;
      if (stored) return { name: what, result: 'ok', message: 'Stored.' };
      return {
        name: what,
        result: 'failed',
        message: 'Not stored: logins of its role are refused.',
        remedy: `Run: latchkey secret set ${name}`,
      };
    }),
    state.seal.kind === 'memory'
      ? {
          name: 'keyring',
          result: 'warning',
          message: state.seal.reason ?? 'Secrets are kept in memory only.',
          remedy:
            'After a restart everybody signs in again and passwords are stored again. Start a keyring, or give a key file.',
        }
      : {
          name: 'keyring',
          result: 'ok',
          message:
            state.seal.kind === 'keychain'
              ? "Secrets are sealed by the system's keychain."
              : 'Secrets are sealed by the key file.',
        },
    state.audit.kind === 'writing'
      ? { name: 'audit', result: 'ok', message: `Written to ${state.audit.path}.` }
      : {
          name: 'audit',
          result: 'failed',
          message: `${state.audit.problem.message} Logins are refused until it can be written.`,
          ...(state.audit.problem.remedy === undefined ? {} : { remedy: state.audit.problem.remedy }),
        },
  ];
}
