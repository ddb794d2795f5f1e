import { expect, it } from 'vitest';
import { localChecks } from '../../main/broker/local-checks.ts';
import type { AppState } from '../../main/contract/state.ts';

const connection = { name: 'sales', host: '127.0.0.1', port: 15432, listener: { kind: 'listening' } };
const state = (changes: object): AppState =>
  ({
    connections: [connection],
    seal: { kind: 'key-file' },
    audit: { kind: 'writing', path: '/audit' },
    ...changes,
  }) as unknown as AppState;

it('finds nothing wrong where nothing is', () => {
  expect(
    localChecks(state({}), [{ name: 'sales-readonly', stored: true }]).map(({ result }) => result),
  ).toEqual(['ok', 'ok', 'ok', 'ok']);
});

it('says what is wrong with listeners, passwords, keyring and audit, and what to do', () => {
  const problem = {
    code: 'port-in-use',
    message: 'Port 15432 is taken by postgres (pid 1).',
    remedy: 'End it.',
  };
  const checks = localChecks(
    state({
      connections: [{ ...connection, listener: { kind: 'failed', problem } }],
      seal: { kind: 'memory', reason: 'No keyring is running.' },
      audit: {
        kind: 'failed',
        path: '/audit',
        problem: { code: 'audit-unwritable', message: 'The disk is full.' },
      },
    }),
    [{ name: 'sales-readonly', stored: false }],
  );
  expect(checks).toMatchObject([
    { result: 'failed', message: problem.message, remedy: 'End it.' },
    { result: 'failed', remedy: 'Run: latchkey secret set sales-readonly' },
    { result: 'warning', message: 'No keyring is running.' },
    { result: 'failed', message: expect.stringContaining('Logins are refused') as string },
  ]);
});

it('tells a keyring that is locked from one that is not there', () => {
  const seal = {
    kind: 'keychain',
    reason: 'The keyring of this computer is locked. Unlock it.',
    waiting: true,
  };
  const found = localChecks(state({ seal }), []).find(({ name }) => name === 'keyring');
  expect(found).toMatchObject({
    result: 'failed',
    message: 'The keyring of this computer is locked. Unlock it.',
    remedy: expect.stringContaining('by themselves') as string,
  });
});

it('tells of the settings of an organisation, what does not count for them, and of files that cannot count', () => {
  const organisationSettings = {
    origin: '/etc/latchkey/organisation.yaml',
    locked: [],
    forbid: [],
    ignored: [],
  };
  const ignored = ['session.deadline (line 2) does not count: …'];
  const last = (changes: object) => localChecks(state(changes), []).slice(3);
  expect(last({ organisationSettings })).toMatchObject([{ name: 'organisation', result: 'ok' }]);
  expect(
    last({
      organisationSettings: { ...organisationSettings, ignored },
      configurationChange: {
        changes: [],
        ends: 0,
        problem: { code: 'organisation-untrusted', message: 'Not trusted.', remedy: 'Close it.' },
      },
    }),
  ).toMatchObject([
    { name: 'configuration', result: 'failed', remedy: 'Close it.' },
    {
      name: 'organisation',
      result: 'warning',
      message: expect.stringContaining('session.deadline (line 2)') as string,
    },
  ]);
});
