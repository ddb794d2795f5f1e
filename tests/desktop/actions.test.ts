import { describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { type ActionParts, createActions } from '../../main/desktop/actions.ts';
import type { DesktopBroker } from '../../main/desktop/ports.ts';
import * as states from '../renderer/states.ts';
import { createFakeBroker } from './fake-broker.ts';

function create(
  state: AppState,
  changes: Partial<ActionParts> = {},
  brokerChanges: Partial<DesktopBroker> = {},
) {
  const { broker, calls } = createFakeBroker(state, brokerChanges);
  const done: string[] = [];
  const actions = createActions({
    broker,
    secrets: {
      async copy(secret) {
        done.push(`secret ${secret}`);
        return new Date('2026-03-10T09:13:30Z');
      },
      recheck: async () => {},
      close: async () => {},
    },
    copyText: (text) => void done.push(`copy ${text}`),
    openExternal: async (url) => void done.push(`open ${url}`),
    async openFolder(path) {
      done.push(`folder ${path}`);
      return '';
    },
    preferences: {
      getPreferences: async () => ({ theme: 'system', startAtLogin: false }),
      setPreferences: async () => ({ theme: 'dark', startAtLogin: true }),
    },
    quit: () => void done.push('quit'),
    ...changes,
  });
  return { actions, calls, done };
}

describe('the code', () => {
  test('is copied and its page opened only while one waits', async () => {
    const { actions, done } = create(states.code);
    expect(await actions.copyCode(undefined)).toBe(true);
    expect(await actions.openVerificationPage(undefined)).toBe(true);
    expect(done).toEqual(['copy CQ7MXRL4T', 'open https://login.microsoft.com/device']);

    const without = create(states.signedIn);
    expect(await without.actions.copyCode(undefined)).toBe(false);
    expect(await without.actions.openVerificationPage(undefined)).toBe(false);
    expect(without.done).toEqual([]);
  });

  test('a page elsewhere is not opened, whatever the authority says', async () => {
    if (states.code.signIn.kind !== 'code') throw new Error('no code');
    const signIn = { ...states.code.signIn, verificationUri: 'https://localhost:9443/device' };
    const elsewhere = create({ ...states.code, signIn });
    await expect(elsewhere.actions.openVerificationPage(undefined)).rejects.toMatchObject({
      code: 'request-refused',
    });
    expect(elsewhere.done).toEqual([]);

    const local = create({ ...states.code, signIn }, {}, { localTenantOrigin: 'https://localhost:9443' });
    expect(await local.actions.openVerificationPage(undefined)).toBe(true);
    expect(local.done).toEqual(['open https://localhost:9443/device']);
  });

  test('a browser that does not start is said, with the address', async () => {
    const { actions } = create(states.code, { openExternal: () => Promise.reject(new Error('no browser')) });
    await expect(actions.openVerificationPage(undefined)).rejects.toMatchObject({
      code: 'command-failed',
      remedy: 'Open https://login.microsoft.com/device yourself.',
    });
  });
});

describe('a token', () => {
  test('goes to the clipboard and is in no answer', async () => {
    const { actions, done, calls } = create(states.signedIn);
    const answer = await actions.copyToken({ connection: 'sales', role: 'sales_reader' });
    expect(answer).toEqual({
      id: 't1',
      role: 'sales_reader',
      expiresAt: '2026-03-10T09:27:30.000Z',
      clearsAt: '2026-03-10T09:13:30.000Z',
    });
    expect(done).toEqual(['secret lk_secret']);
    expect(calls).toEqual([['issueToken', { connection: 'sales', role: 'sales_reader' }]]);
  });

  test('that did not reach the clipboard is revoked', async () => {
    const secrets = {
      copy: () => Promise.reject(new Error('busy')),
      recheck: async () => {},
      close: async () => {},
    };
    const { actions, calls } = create(states.signedIn, { secrets });
    await expect(actions.copyToken({ connection: 'sales' })).rejects.toMatchObject({
      code: 'command-failed',
    });
    expect(calls.at(-1)).toEqual(['revokeToken', 't1']);
  });

  test('a refusal of the broker goes through as it is', async () => {
    const refusal = new LatchkeyError('not-allowed', 'None of your groups opens this.');
    const { actions, done } = create(states.signedIn, {}, { issueToken: () => Promise.reject(refusal) });
    await expect(actions.copyToken({ connection: 'payroll' })).rejects.toBe(refusal);
    expect(done).toEqual([]);
  });
});

describe('a handle', () => {
  test('goes to the clipboard and is in no answer', async () => {
    const { actions, done, calls } = create(states.signedIn);
    const request = { connection: 'sales', role: 'sales_reader', tool: 'DBeaver' };
    expect(await actions.copyHandle(request)).toEqual({ id: 'h1', clearsAt: '2026-03-10T09:13:30.000Z' });
    expect(done).toEqual(['secret lkh_secret']);
    expect(calls).toEqual([['makeHandle', request]]);
  });

  test('that did not reach the clipboard is revoked, since nobody could ever paste it', async () => {
    const secrets = {
      copy: () => Promise.reject(new Error('busy')),
      recheck: async () => {},
      close: async () => {},
    };
    const { actions, calls } = create(states.signedIn, { secrets });
    await expect(actions.copyHandle({ connection: 'sales', tool: 'DBeaver' })).rejects.toMatchObject({
      code: 'command-failed',
    });
    expect(calls.at(-1)).toEqual(['revokeHandle', 'h1']);
  });

  test('is revoked, programs are allowed and all sessions cut as the broker does it', async () => {
    const { actions, calls } = create(states.signedIn);
    await actions.revokeHandle({ id: 'h1' });
    await actions.allowClient({ id: 'c1', choice: 'hour' });
    // How many there were is not part of the contract.
    expect(await actions.cutAllSessions(undefined)).toBeUndefined();
    expect(calls).toEqual([['revokeHandle', 'h1'], ['allowClient', 'c1', 'hour'], ['cutAllSessions']]);
  });
});

test('settings of a tool come from the broker; their texts go to the clipboard and are in no answer', async () => {
  const { actions, calls, done } = create(states.signedIn);
  const request = { connection: 'sales', tool: 'dbeaver' };
  expect(await actions.connectTools({ connection: 'sales' })).toHaveLength(1);
  expect((await actions.connectSettings(request)).title).toBe('DBeaver');
  expect(await actions.copySetting({ ...request, text: 2 })).toBeUndefined();
  expect(done).toEqual(['copy jdbc:postgresql://127.0.0.1:6432/sales']);
  expect(await actions.writeSettings(request)).toEqual({ written: ['/home/adele/.pg_service.conf'] });
  await actions.openTool(request);
  expect(calls).toEqual([
    ['tools', 'sales'],
    ['settings', 'sales', 'dbeaver'],
    ['text', 'sales', 'dbeaver', 2],
    ['write', 'sales', 'dbeaver'],
    ['open', 'sales', 'dbeaver'],
  ]);
});

test('the command of a connection is copied; without access there is none', async () => {
  const { actions, done } = create(states.signedIn);
  await actions.copyCommand({ connection: 'sales' });
  expect(done).toEqual([
    'copy psql "host=127.0.0.1 port=6432 user=adele.vance@contoso.example dbname=sales"',
  ]);
  for (const connection of ['payroll', 'nowhere', '__proto__']) {
    await expect(actions.copyCommand({ connection })).rejects.toMatchObject({ code: 'connection-unknown' });
  }
});

test('the audit folder opens, or the person is told where it is', async () => {
  const { actions, done } = create(states.signedIn);
  await actions.openAuditFolder(undefined);
  expect(done).toEqual(['folder /var/audit']);
  const failing = create(states.signedIn, { openFolder: async () => 'no file manager' });
  await expect(failing.actions.openAuditFolder(undefined)).rejects.toMatchObject({
    remedy: 'Open the folder /var/audit yourself.',
  });
});

describe('second factor, providers and doctor', () => {
  test('each action asks the broker for just that', async () => {
    const { actions, calls } = create(states.signedIn);
    expect(await actions.enrolTotp({})).toEqual({
      uri: 'otpauth://totp/x',
      key: 'JBSW Y3DP',
      qr: [[true]],
    });
    expect(await actions.confirmTotp({ code: '123456' })).toEqual({ recoveryCodes: ['7K3M-9Q2X'] });
    await actions.enrolTotp({ code: '111111' });
    await actions.removeTotp({ code: '222222' });
    await actions.enrolPush({ code: '333333' });
    await actions.confirmPush(undefined);
    await actions.removePush({ code: '444444' });
    await actions.answerPrompt({ id: 'p1', code: '555555' });
    await actions.askPhone({ id: 'p1' });
    await actions.denyPrompt({ id: 'p1' });
    await actions.signInLocally({ username: 'root', password: 'correct horse', code: '666666' });
    await actions.saveProvider({ name: 'contoso', type: 'local', enabled: true });
    await actions.setProviderEnabled({ name: 'contoso', enabled: false });
    await actions.setProviderSecret({ name: 'contoso', secret: 's' });
    await actions.setProviderSecret({ name: 'contoso', secret: null });
    await actions.removeProvider({ name: 'contoso' });
    expect(await actions.validateProvider({ name: 'contoso' })).toHaveLength(1);
    expect(await actions.runDoctor(undefined)).toEqual([]);
    expect(calls).toEqual([
      ['enrolTotp', undefined],
      ['confirmTotp', '123456'],
      ['enrolTotp', '111111'],
      ['removeTotp', '222222'],
      ['enrolPush', '333333'],
      ['confirmPush'],
      ['removePush', '444444'],
      // The code first: the broker answers the oldest prompt where no id is given.
      ['answer', '555555', 'p1'],
      ['askPhone', 'p1'],
      ['denyPrompt', 'p1'],
      ['signInLocally', 'root', 'correct horse', '666666'],
      ['saveProvider', { name: 'contoso', type: 'local', enabled: true }],
      ['setProviderEnabled', 'contoso', false],
      ['setProviderSecret', 'contoso', 's'],
      ['setProviderSecret', 'contoso', undefined],
      ['removeProvider', 'contoso'],
      ['validateProvider', 'contoso'],
      ['doctor'],
    ]);
  });

  test('to deny what is over is refused as the broker says', async () => {
    const over = new LatchkeyError('mfa-expired', 'Nothing is waiting for a second factor.');
    const { actions } = create(states.signedIn, {}, { denyPrompt: () => Promise.reject(over) });
    await expect(actions.denyPrompt({ id: 'p1' })).rejects.toBe(over);
  });
});
