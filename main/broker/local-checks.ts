import { defined } from '../base/defined.ts';
import type { AppState, SinkState } from '../contract/state.ts';
import type { Check } from '../contract/shapes.ts';

/** What can be told without asking anybody else: from the state of the broker, and the passwords that are stored. */
export function localChecks(
  state: AppState,
  passwords: readonly { name: string; stored: boolean }[],
): Check[] {
  return [
    ...state.connections.map(({ name, listener, host, port }): Check => {
      const what = `connection ${name}`;
      const problem = listener.kind === 'starting' ? undefined : listener.problem;
      if (problem === undefined)
        return { name: what, result: 'ok', message: `Listening on ${host}:${port}.` };
      const { message, remedy } = problem;
      return { name: what, result: 'failed', message, ...(remedy === undefined ? {} : { remedy }) };
    }),
    ...(state.faultyConnections ?? []).map(({ name, problem: { message, remedy } }): Check => ({
      name: `settings of ${name}`,
      result: 'failed',
      message,
      ...defined({ remedy }),
    })),
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
    keyring(state.seal),
    state.audit.kind === 'writing'
      ? { name: 'audit', result: 'ok', message: `Written to ${state.audit.path}.` }
      : {
          name: 'audit',
          result: 'failed',
          message: `${state.audit.problem.message} Logins are refused until it can be written.`,
          ...defined({ remedy: state.audit.problem.remedy }),
        },
    ...(state.sinks ?? []).map(sinkCheck),
    ...configurationChecks(state),
  ];
}

function configurationChecks({ configurationChange, organisationSettings }: AppState): Check[] {
  const { problem } = configurationChange ?? {};
  const failed: Check[] =
    problem === undefined
      ? []
      : [
          {
            name: 'configuration',
            result: 'failed',
            message: `What has changed cannot count, and what counted before goes on: ${problem.message}`,
            ...defined({ remedy: problem.remedy }),
          },
        ];
  if (organisationSettings === undefined) return failed;
  const { origin, ignored } = organisationSettings;
  const name = 'organisation';
  if (ignored.length === 0)
    return [...failed, { name, result: 'ok', message: `The settings of ${origin} count.` }];
  const message = `The settings of ${origin} count, and for them not all of your file does: ${ignored.join('; ')}.`;
  const remedy = 'Take it out of your file; latchkey config show --origin tells what counts.';
  return [...failed, { name, result: 'warning', message, remedy }];
}

function sinkCheck({ name, required, failing }: SinkState): Check {
  const what = `audit to ${name}`;
  if (failing === undefined) return { name: what, result: 'ok', message: 'It takes what it is sent.' };
  const { message, remedy } = failing.problem;
  return { name: what, result: required ? 'failed' : 'warning', message, ...defined({ remedy }) };
}

function keyring({ kind, reason, waiting }: AppState['seal']): Check {
  const name = 'keyring';
  if (waiting === true)
    return {
      name,
      result: 'failed',
      message: reason ?? 'The key of the stored secrets cannot be had now.',
      remedy:
        'Stored sign-in, stored and saved passwords, and second factors count again by themselves once it is unlocked.',
    };
  if (kind === 'memory')
    return {
      name,
      result: 'warning',
      message: reason ?? 'Secrets are kept in memory only.',
      remedy:
        'After a restart everybody signs in again and passwords are stored again. Start a keyring, or give a key file.',
    };
  const by = kind === 'keychain' ? "the system's keychain" : 'the key file';
  return { name, result: 'ok', message: `Secrets are sealed by ${by}.` };
}
