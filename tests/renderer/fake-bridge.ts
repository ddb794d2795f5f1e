import type { Page } from 'playwright-core';
import { type ActionReply, type ActionRequest, actionSchemas } from '../../main/contract/action-schemas.ts';
import { actions, windowActions, type WindowAction } from '../../main/contract/actions.ts';
import { toProblem } from '../../main/contract/errors.ts';
import { served } from '../../main/contract/perform.ts';
import { preferences as preferencesShape, type Preferences } from '../../main/contract/shapes.ts';
import { appState, type AppState } from '../../main/contract/state.ts';

type Reply<A extends WindowAction> =
  ActionReply<A> extends Record<string, never> ? unknown : ActionReply<A> | Promise<ActionReply<A>>;
export type Handlers = { [A in WindowAction]?: (request: ActionRequest<A>) => Reply<A> };

export interface FakeBridge {
  calls: { action: WindowAction; request: unknown }[];
  push(state: AppState): Promise<void>;
  /** The last snapshot. */
  pushed(): AppState;
  /** Replaces how an action is answered; a LatchkeyError thrown there reaches the page as its problem. */
  answer(handlers: Handlers): void;
}

/**
 * `window.latchkey` of a page, derived from the contract: each request and each reply must fit its schema, as in main.
 * To be called before the page is opened.
 * @param answers how actions are answered from the first on
 */
export async function provideBridge(
  page: Page,
  first: AppState,
  answers: Handlers = {},
): Promise<FakeBridge> {
  const calls: FakeBridge['calls'] = [];
  let state = appState.parse(first);
  let preferences: Preferences = {
    theme: 'system',
    language: 'system',
    startAtLogin: false,
    favourites: [],
    clipboardSeconds: 60,
    notifications: true,
    whenLoginWaits: 'flash',
    trayClick: 'flyout',
    shortcut: 'off',
    shortcutKeys: 'Control+Alt+L',
  };
  const handlers: Handlers = {
    getStart: () => ({ kind: 'running' }),
    getState: () => state,
    getPreferences: () => preferences,
    setPreferences(given) {
      preferences = preferencesShape.parse({ ...preferences, ...given });
      return preferences;
    },
    readLogins: () => ({ logins: [] }),
    readAudit: () => ({ entries: [] }),
    readAbout: () => ({
      versions: {
        version: '0.1.0',
        electron: '43.8.13',
        chromium: '150.0.7871.47',
        node: '24.21.0',
        platform: 'linux',
        arch: 'x64',
        release: '6.12.48+deb13-amd64',
      },
      configurationFile: '/home/adele/.config/latchkey/latchkey.yaml',
      logFile: '/home/adele/.local/state/latchkey/log/latchkey.log',
    }),
    readProgramIcon: () => ({}),
    copyCode: () => true,
    openVerificationPage: () => true,
    revokeTokens: () => ({ revoked: 1 }),
    cutSessions: () => ({ cut: 1 }),
    ...answers,
  };

  await page.exposeFunction('latchkeyAsk', async (action: WindowAction, given: unknown) => {
    // Proof and request together, as the window has sent them.
    const { request, run } = served(actions[action], actionSchemas[action], () => answered(), 'window');
    const parsed: unknown = request.parse(given);
    const answered = async () => (handlers[action] as ((request: unknown) => unknown) | undefined)?.(parsed);
    calls.push({ action, request: parsed });
    try {
      return { ok: true, reply: await run(parsed) };
    } catch (error) {
      return { ok: false, problem: toProblem(error) };
    }
  });

  await page.addInitScript((actionNames: readonly string[]) => {
    const listeners = new Set<(pushed: unknown) => void>();
    let version = 0;
    const ask = (action: string) => (request: unknown) =>
      (window as unknown as { latchkeyAsk(...args: unknown[]): unknown }).latchkeyAsk(action, request);
    Object.assign(window, {
      // Whole, as after each question of a page.
      latchkeyPush: (state: unknown) =>
        listeners.forEach((listener) => listener({ version: (version += 1), set: state })),
      latchkeyPatch: (patch: unknown) => listeners.forEach((listener) => listener(patch)),
      latchkey: {
        ...Object.fromEntries(actionNames.map((name) => [name, ask(name)])),
        onState(listener: (pushed: unknown) => void) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
    });
  }, windowActions(actions));

  return {
    calls,
    pushed: () => state,
    answer: (more) => void Object.assign(handlers, more),
    async push(next) {
      state = appState.parse(next);
      await page.evaluate(
        (pushed) => (window as unknown as { latchkeyPush(state: unknown): void }).latchkeyPush(pushed),
        state,
      );
    },
  };
}
