import { expect, test } from 'vitest';
import type { Broker } from '../../main/broker/broker.ts';
import { brokerActions } from '../../main/broker/actions.ts';
import { type Action, actions } from '../../main/contract/actions.ts';
import { signedIn } from '../renderer/states.ts';

/** A broker that writes down what it was asked. */
function create() {
  const calls: unknown[][] = [];
  const note =
    (name: string, reply?: unknown) =>
    async (...args: unknown[]): Promise<unknown> => {
      calls.push([name, ...args]);
      return reply;
    };
  const noting = (known: object): unknown =>
    new Proxy(known, { get: (own, name: string) => (own as Record<string, unknown>)[name] ?? note(name) });
  const administering = Object.entries<Action>(actions).flatMap(([name, { may }]) =>
    may === 'administers' ? [[name, note(name)]] : [],
  );
  const broker = noting({
    state: () => signedIn,
    revision: () => 7,
    auditKey: () => undefined,
    revokeAllTokens: note('revokeAllTokens', 3),
    cutAllSessions: note('cutAllSessions', 2),
    secondFactor: noting({ confirmTotp: note('confirmTotp', ['7K3M-9Q2X']), prompts: noting({}) }),
    localAccounts: noting({}),
    administration: Object.fromEntries(administering) as object,
  });
  return { actions: brokerActions(broker as Broker), calls };
}

const proof = { code: '123456', phone: undefined };

test('there is a function for each action that has a route', () => {
  const { actions: handlers } = create();
  const routed = Object.entries<Action>(actions).flatMap(([name, { route }]) => (route ? [name] : []));
  expect(Object.keys(handlers).toSorted()).toEqual(routed.toSorted());
});

test('each asks the broker for just that', async () => {
  const { actions: handlers, calls } = create();
  expect(await handlers.confirmTotp({ code: '123456' })).toEqual({ recoveryCodes: ['7K3M-9Q2X'] });
  await handlers.confirmPush({});
  await handlers.answerPrompt({ id: 'p1', code: '555555' });
  await handlers.askPhone({ id: 'p1' });
  await handlers.denyPrompt({});
  await handlers.allowClient({ id: 'c1', choice: 'hour' });
  await handlers.signInLocally({ username: 'root', password: 'correct horse', code: '666666' });
  expect(await handlers.revokeTokens({ all: true })).toEqual({ revoked: 3 });
  expect(await handlers.revokeTokens({ id: 't1' })).toEqual({ revoked: 1 });
  expect(await handlers.cutSessions({ all: true })).toEqual({ cut: 2 });
  expect(await handlers.cutSessions({ id: 's1' })).toEqual({ cut: 1 });
  await handlers.revokeHandle({ id: 'h1' });
  await handlers.confirmLocalAccount({ username: 'night', code: '777777' });
  expect(await handlers.readAuditKey({})).toEqual({ publicKey: null });
  expect(calls).toEqual([
    ['confirmTotp', '123456', undefined],
    ['confirmPush', undefined],
    // The code first: the broker answers the oldest prompt where no id is given.
    ['answer', '555555', 'p1'],
    ['askPhone', 'p1'],
    ['denyPrompt', undefined, undefined],
    ['allowClient', 'c1', 'hour'],
    ['signInLocally', 'root', 'correct horse', '666666'],
    ['revokeAllTokens'],
    ['revokeToken', 't1'],
    ['cutAllSessions'],
    ['cutSession', 's1'],
    ['revokeHandle', 'h1'],
    ['confirm', 'night', '777777'],
  ]);
});

test('what proves the person goes beside what is to be changed', async () => {
  const { actions: handlers, calls } = create();
  await handlers.enrolTotp({}, proof);
  await handlers.saveProvider({ name: 'contoso', type: 'local', enabled: true }, proof);
  await handlers.setProviderSecret({ name: 'contoso', secret: 's' }, proof);
  await handlers.setProviderSecret({ name: 'contoso', secret: null }, proof);
  await handlers.storeSecret({ name: 'sales-owner', value: null }, proof);
  await handlers.pruneAudit({ before: '2026-03-10T09:12:30Z' }, proof);
  expect(calls).toEqual([
    ['enrolTotp', {}, proof],
    ['saveProvider', { name: 'contoso', type: 'local', enabled: true }, proof],
    ['setProviderSecret', { name: 'contoso', secret: 's' }, proof],
    ['setProviderSecret', { name: 'contoso', secret: null }, proof],
    ['storeSecret', { name: 'sales-owner', value: null }, proof],
    ['pruneAudit', { before: '2026-03-10T09:12:30Z' }, proof],
  ]);
});

test('the state waits for a revision above the one that is known, and has nothing of the window alone', async () => {
  const { actions: handlers } = create();
  const { revision, state } = await handlers.readState({ after: 6, wait: 30 });
  expect(revision).toBe(7);
  expect(state.connections).toEqual(signedIn.connections);
  expect((await handlers.readState({ after: 7, wait: 0 })).revision).toBe(7);
});
