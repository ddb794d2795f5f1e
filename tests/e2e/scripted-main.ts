/**
 * Main process for the desktop's own tests: the real desktop with a broker that follows a script. What a test asks of
 * it goes through `globalThis.scripted`, which only Playwright's connection to this process can reach.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import { runDesktop } from '../../main/desktop/app.ts';
import { createLog } from '../../main/log/log.ts';
import { handleUncaught, outliveStreams } from '../../main/log/uncaught.ts';
import type { DesktopBroker, DesktopPlatform } from '../../main/desktop/ports.ts';
import { createFakeBroker } from '../desktop/fake-broker.ts';
import { newProgram, toolWaits } from '../renderer/prompt-states.ts';
import { busy, code, contacting, moment, signedIn, signedOut } from '../renderer/states.ts';

const home = process.env['LATCHKEY_HOME'];
const root = process.env['SCRIPTED_ROOT'];
if (home === undefined || root === undefined) throw new Error('set LATCHKEY_HOME and SCRIPTED_ROOT');

export interface Scripted {
  calls: string[];
  state(): AppState;
  change(state: AppState): void;
}

const calls: string[] = [];
const listeners = new Set<(state: AppState) => void>();
let state: AppState = { ...signedOut, audit: { kind: 'writing', path: join(home, 'audit') } };
let failingStarts = Number(process.env['SCRIPTED_FAILING_STARTS'] ?? '0');

function change(next: AppState): void {
  state = next;
  for (const listener of listeners) listener(state);
}

/** Times of the sample states are around a fixed moment; here the clock is the real one. */
function fromNow(sample: AppState): AppState {
  const shift = Date.now() - moment;
  const text = JSON.stringify({
    ...sample,
    audit: state.audit,
    seal: state.seal,
    providers: state.providers,
  });
  const shifted = text.replaceAll(/"(2026-03-10T[\d:.]+Z)"/g, (_, time: string) =>
    JSON.stringify(new Date(Date.parse(time) + shift).toISOString()),
  );
  return JSON.parse(shifted) as AppState;
}

const scriptedActions: Partial<DesktopBroker['actions']> = {
  async signIn(options) {
    calls.push(`signIn ${options.provider ?? '(default)'}`);
    change(fromNow(contacting));
    setTimeout(() => change(fromNow(code)), 100);
  },
  async cancelSignIn() {
    calls.push('cancelSignIn');
    change(fromNow(signedOut));
  },
  async signOut() {
    calls.push('signOut');
    change(fromNow(signedOut));
  },
  async issueToken({ connection, role = '' }) {
    calls.push(`issueToken ${connection} ${role}`);
    if (connection !== 'sales') {
      throw new LatchkeyError('upstream-unreachable', 'The database does not answer.', {
        remedy: 'Try later.',
      });
    }
    return {
      ...place(),
      protocol: 'postgresql',
      id: 't1',
      token: 'lk_scripted-token',
      role,
      command: 'psql',
    };
  },
  async revokeTokens() {
    calls.push('revokeTokens');
    return { revoked: 1 };
  },
  async cutSessions(which) {
    calls.push(`cutSessions ${'all' in which ? 'all' : which.id}`);
    const { length } = state.databaseSessions;
    change({ ...state, databaseSessions: [] });
    return { cut: length };
  },
  async makeHandle({ connection, role = '(default)', tool }) {
    calls.push(`makeHandle ${connection} ${role} ${tool}`);
    return { ...place(), id: 'h9', handle: 'lkh_scripted-handle', tool };
  },
  async revokeHandle({ id }) {
    calls.push(`revokeHandle ${id}`);
    change({ ...state, handles: state.handles.filter((handle) => handle.id !== id) });
  },
  async allowClient({ id, choice }) {
    calls.push(`allowClient ${id} ${choice}`);
    change({ ...state, prompts: [] });
  },
  async denyPrompt({ id, block = false }) {
    calls.push(`denyPrompt ${id}${block ? ' block' : ''}`);
    change(fromNow(state.signIn.kind === 'code' ? signedOut : { ...state, prompts: [] }));
  },
};

function place() {
  return {
    connection: 'sales',
    username: 'adele.vance@contoso.example',
    host: '127.0.0.1',
    port: 6432,
    database: 'sales',
    expiresAt: new Date(Date.now() + 900_000).toISOString(),
  };
}

async function createBroker(platform: DesktopPlatform): Promise<DesktopBroker> {
  calls.push('createBroker');
  if (failingStarts > 0) {
    failingStarts -= 1;
    throw new LatchkeyError('config-invalid', 'connections[0].port must be a number.', {
      remedy: 'Correct it.',
    });
  }
  const { seal } = platform;
  const opened = await seal.open(await seal.seal(Buffer.from('round trip')));
  if (Buffer.from(opened).toString() !== 'round trip') throw new Error('the seal lost what it sealed');
  state = {
    ...state,
    seal: seal.reason === undefined ? { kind: seal.kind } : { kind: seal.kind, reason: seal.reason },
  };
  const { broker } = createFakeBroker(state);
  return {
    // What these tests do not look at.
    ...broker,
    actions: { ...broker.actions, ...scriptedActions },
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      // The process ends soon after: what it did last has to be on disk.
      appendFileSync(join(home ?? '', 'closed'), 'closed\n');
    },
    recheck: () => void calls.push('recheck'),
    async locked() {
      calls.push('locked');
    },
    auditFolder: join(home ?? '', 'audit'),
  };
}

const scripted = {
  calls,
  state: () => state,
  change: (next: AppState) => change(fromNow(next)),
} satisfies Scripted;
Object.assign(globalThis, {
  scripted,
  samples: { signedOut, code, signedIn, busy, newProgram, toolWaits },
});

const log = createLog();
const failed = new AbortController();
outliveStreams();
handleUncaught(log, { end: () => failed.abort(), fatalRejections: false });

void runDesktop({
  createBroker,
  openAtStart: !process.argv.includes('--hidden'),
  userDataFolder: join(home, 'desktop'),
  startArguments: ['--home', home],
  files: {
    rendererFolder: join(root, 'renderer'),
    preloadFile: join(root, 'main', 'preload.cjs'),
    iconFile: join(root, 'assets', 'icon.png'),
  },
  demoCommand: [],
  trayFolder: join(root, 'assets', 'tray'),
  notices: { licences: [join(root, 'LICENSE')], chromiumLicences: join(root, 'nowhere.html') },
  configuration: { path: join(home, 'latchkey.yaml'), create: async () => {} },
  log: (line) => log.write(line),
  failed: failed.signal,
});
