import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { actionSchemas } from '../../main/contract/action-schemas.ts';
import { actionChannel, actions, windowActions, type WindowAction } from '../../main/contract/actions.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { createStatePush, type IpcSender, serveActions } from '../../main/desktop/ipc.ts';
import { appOrigin, startPage } from '../../main/desktop/origin.ts';
import { payloadsFor, sampleRequest, takes } from '../contract/payloads.ts';
import { emptyBundle } from './fake-broker.ts';
import { signedIn } from '../renderer/states.ts';

const inputsForEach = 10_000;
const names = windowActions(actions) as WindowAction[];
const window = { id: 'our window' } as unknown as IpcSender['sender'];
const ourPage = { sender: window, senderFrame: { url: startPage, parent: null } } as unknown as IpcSender;

type Handler = (
  event: unknown,
  payload: unknown,
) => Promise<{ ok: boolean; problem?: { code: string }; reply?: unknown }>;

/** Takes the place of ipcMain: channels and the functions behind them. */
function serve(answers: Partial<Record<WindowAction, (request: unknown) => unknown>> = {}) {
  const channels = new Map<string, Handler>();
  const ran: [WindowAction, unknown][] = [];
  const reported: unknown[] = [];
  const handlers = Object.fromEntries(
    names.map((name) => [
      name,
      async (request: unknown) => {
        ran.push([name, request]);
        return answers[name]?.(request);
      },
    ]),
  );
  const stop = serveActions({
    ipcMain: {
      handle: (channel, handler) => void channels.set(channel, handler as unknown as Handler),
      removeHandler: (channel) => void channels.delete(channel),
    },
    table: actions,
    schemas: actionSchemas,
    handlers,
    mayAsk: (sender) => sender === window,
    report: (error) => void reported.push(error),
  });
  const ask = (action: WindowAction, payload: unknown, event: IpcSender = ourPage) => {
    const handler = channels.get(actionChannel(action));
    if (handler === undefined) throw new Error(`no channel for ${action}`);
    return handler(event, payload);
  };
  return { channels, ran, reported, stop, ask };
}

const isPlain = (given: unknown): boolean => Object.getPrototypeOf(given) === Object.prototype;

describe('every action of the contract', () => {
  test('has its own channel, and there is no other; stopping closes them all', () => {
    const { channels, stop } = serve();
    expect([...channels.keys()].toSorted()).toEqual(names.map((name) => `latchkey:${name}`).toSorted());
    stop();
    expect(channels.size).toBe(0);
  });

  test.each(names)('%s: the handler sees only what fits', async (action) => {
    const { ask, ran } = serve({ [action]: sampleReply(action) });
    let accepted = 0;
    for (const given of payloadsFor(action, inputsForEach)) {
      ran.length = 0;
      const outcome = await ask(action, given);
      const fits = takes(action, 'window', given);
      if (outcome.ok !== fits || ran.length !== (fits ? 1 : 0))
        expect.fail(`${action} ${fc.stringify(given)}`);
      if (fits) {
        accepted += 1;
        // Whatever kind of object came in, the handler gets a plain one.
        if (!isPlain(ran[0]?.[1])) expect.fail(`${action} ${fc.stringify(given)}`);
      } else if (outcome.problem?.code !== 'request-invalid') {
        expect.fail(`${action} ${fc.stringify(given)}`);
      }
    }
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(inputsForEach);
  });

  test.each(names)('%s: nobody but the top frame of our page in our window', async (action) => {
    const { ask, ran } = serve({ [action]: sampleReply(action) });
    const page = (url: string, parent: unknown = null) => ({ url, parent });
    const top = page(startPage);
    const strangers: unknown[] = [
      { sender: window, senderFrame: null },
      { sender: { id: 'another' }, senderFrame: top },
      { sender: window, senderFrame: page(startPage, top) },
      ...[
        '',
        'about:blank',
        'about:srcdoc',
        'https://app/index.html',
        'http://app/index.html',
        'file:///index.html',
        'latchkey://other/index.html',
        'latchkey://app.evil.example/index.html',
        'latchkey://app:81/index.html',
        'latchkey://user@app/index.html',
        'latchkeys://app/index.html',
        `data:text/html,${appOrigin}`,
        `https://evil.example/${startPage}`,
        'devtools://devtools/bundled/inspector.html',
      ].map((url) => ({ sender: window, senderFrame: page(url) })),
    ];
    for (const event of strangers) {
      const outcome = await ask(action, sampleRequest(action), event as IpcSender);
      expect(outcome).toMatchObject({ ok: false, problem: { code: 'request-refused' } });
    }
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.webUrl(), fc.string()), async (url) => {
        const outcome = await ask(action, sampleRequest(action), {
          sender: window,
          senderFrame: page(url),
        } as IpcSender);
        expect(outcome.ok).toBe(false);
      }),
      { numRuns: 500 },
    );
    expect(ran).toEqual([]);
    expect((await ask(action, sampleRequest(action))).ok).toBe(true);
  });
});

describe('what comes back', () => {
  test('holds no key and no seed beside the enrolment that the contract names', async () => {
    const { ask } = serve({
      enrolTotp: () => ({ uri: 'otpauth://totp/x', key: 'JBSW', qr: [[true]], seed: 'raw-seed' }),
      confirmTotp: () => ({ recoveryCodes: ['7K3M'], seed: 'raw-seed' }),
    });
    for (const [action, request] of [
      ['enrolTotp', {}],
      ['confirmTotp', { code: '123456' }],
    ] as const) {
      const outcome = await ask(action, request);
      expect(outcome.ok).toBe(true);
      expect(JSON.stringify(outcome)).not.toContain('raw-seed');
    }
  });

  test('holds nothing that the contract does not name', async () => {
    const reply = { ...(sampleReply('copyToken')() as object), token: 'lk_secret' };
    const { ask } = serve({ copyToken: () => reply });
    const outcome = await ask('copyToken', { connection: 'sales' });
    expect(outcome.ok).toBe(true);
    expect(JSON.stringify(outcome)).not.toContain('lk_secret');
  });

  test('is the problem where the action failed, and never the text of a foreign error', async () => {
    const { ask, reported } = serve({
      signOut: () => {
        throw new LatchkeyError('store-failed', 'The sign-in could not be deleted.', {
          remedy: 'Free some space.',
        });
      },
      quit: () => {
        throw new Error('connect https://graph/?access_token=eyJ');
      },
    });
    expect(await ask('signOut', {})).toEqual({
      ok: false,
      problem: {
        code: 'store-failed',
        message: 'The sign-in could not be deleted.',
        remedy: 'Free some space.',
      },
    });
    expect(reported).toEqual([]);
    const foreign = await ask('quit', {});
    expect(foreign).toMatchObject({ ok: false, problem: { code: 'internal' } });
    expect(JSON.stringify(foreign)).not.toContain('eyJ');
    expect(reported).toHaveLength(1);
  });
});

test('a burst of changes is one message with the last state', async () => {
  let state: AppState = signedIn;
  const sent: string[] = [];
  const push = createStatePush(
    () => state,
    ({ version }) => void sent.push(version),
    10,
  );
  for (let change = 0; change < 100; change += 1) {
    state = { ...signedIn, version: String(change) };
    push.changed();
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(sent).toEqual(['99']);
  push.changed();
  push.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(sent).toEqual(['99']);
});

function sampleReply(action: WindowAction): () => unknown {
  const enrolment = { uri: 'otpauth://totp/x', key: 'JBSW Y3DP', qr: [[true]] };
  const preferences = {
    theme: 'dark',
    language: 'system',
    startAtLogin: false,
    favourites: ['sales'],
    clipboardSeconds: 60,
    notifications: true,
    whenLoginWaits: 'notify',
    trayClick: 'flyout',
    shortcut: 'off',
    shortcutKeys: 'Control+Alt+L',
  };
  const replies: Partial<Record<WindowAction, unknown>> = {
    getStart: { kind: 'running' },
    tryStart: { kind: 'running' },
    getState: signedIn,
    copyCode: true,
    openVerificationPage: true,
    copyToken: { id: 't1', role: 'r', expiresAt: '2026-03-10T09:27:30Z', clearsAt: '2026-03-10T09:13:30Z' },
    copyHandle: { id: 'h1', clearsAt: '2026-03-10T09:13:30Z' },
    connectTools: [{ id: 'dbeaver', title: 'DBeaver', installed: true }],
    connectSettings: {
      title: 'DBeaver',
      needs: 'handle',
      steps: [],
      fields: [],
      texts: [],
      files: [],
      canOpen: false,
    },
    writeSettings: { written: [] },
    getPreferences: preferences,
    setPreferences: preferences,
    enrolTotp: enrolment,
    confirmTotp: { recoveryCodes: ['7K3M-9Q2X'] },
    enrolPush: enrolment,
    revokeTokens: { revoked: 1 },
    cutSessions: { cut: 2 },
    validateProvider: { checks: [{ name: 'authority', result: 'ok', message: 'It answers.' }] },
    runDoctor: { checks: [] },
    findTenant: {
      tenantId: '00000000-0000-4000-8000-000000000001',
      authority: 'https://login.microsoftonline.com/00000000-0000-4000-8000-000000000001',
      cloud: 'global',
    },
    explain: {
      username: 'adele@contoso.example',
      connection: 'sales',
      allowed: true,
      roles: [],
      reasons: [],
    },
    readLogins: { logins: [] },
    makeSupportBundle: { bundle: emptyBundle },
    readAbout: { versions: emptyBundle.versions, configurationFile: '/c.yaml', logFile: '/l.log' },
    readLicences: { text: 'MIT', hasChromium: false },
    readAudit: { entries: [] },
    verifyAudit: { ok: true, message: 'It is whole.', records: 1, files: 1, breaks: [] },
    readConnections: { connections: [], freePorts: { postgresql: 15_432, mysql: 13_306, sqlserver: 11_433 } },
    lookAtOrganisation: {
      organisation: 'Contoso',
      url: 'https://settings.contoso.example/latchkey.jws',
      fingerprint: 'f',
      serial: 1,
      issuedAt: '2026-03-10T09:12:30Z',
      hash: 'h',
      sets: [],
    },
    joinOrganisation: { organisation: 'Contoso' },
    leaveOrganisation: { organisation: 'Contoso' },
    reloadConfiguration: { changes: [], ended: 0, needsRestart: [], warnings: [] },
    saveConnections: { connections: [], warnings: [], ended: 0, stored: [] },
    removeConnection: { connections: [], warnings: [], ended: 0 },
    testConnection: { checks: [] },
    readImport: {},
    findGroups: { groups: [] },
    listSecrets: { passwords: [] },
  };
  return () => replies[action];
}
