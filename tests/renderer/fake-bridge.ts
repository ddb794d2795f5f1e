import type { Page } from 'playwright-core';
import { ipcActionNames, type IpcAction } from '../../main/contract/actions.ts';
import { toProblem } from '../../main/contract/errors.ts';
import { ipcActions, type IpcReply, type IpcRequest } from '../../main/contract/ipc.ts';
import { appState, type AppState } from '../../main/contract/state.ts';

type Handlers = { [A in IpcAction]?: (request: IpcRequest<A>) => IpcReply<A> | Promise<IpcReply<A>> };

export interface FakeBridge {
  calls: { action: IpcAction; request: unknown }[];
  push(state: AppState): Promise<void>;
  /** Replaces how an action is answered; a LatchkeyError thrown there reaches the page as its problem. */
  answer(handlers: Handlers): void;
}

/**
 * `window.latchkey` of a page, derived from the contract: each request and each reply must fit its schema, as in main.
 * To be called before the page is opened.
 */
export async function provideBridge(page: Page, first: AppState): Promise<FakeBridge> {
  const calls: FakeBridge['calls'] = [];
  let state = appState.parse(first);
  let preferences: IpcReply<'getPreferences'> = { theme: 'system', startAtLogin: false };
  const handlers: Handlers = {
    getState: () => state,
    getPreferences: () => preferences,
    setPreferences: ({ theme = preferences.theme, startAtLogin = preferences.startAtLogin }) => {
      preferences = { theme, startAtLogin };
      return preferences;
    },
    copyCode: () => true,
    openVerificationPage: () => true,
  };

  await page.exposeFunction('latchkeyAsk', async (action: IpcAction, given: unknown) => {
    const { request, reply } = ipcActions[action];
    // JSON has no undefined, which is what the real bridge passes for "nothing".
    const parsed: unknown = request.parse(given ?? undefined);
    calls.push({ action, request: parsed });
    try {
      const handler = handlers[action] as ((request: unknown) => unknown) | undefined;
      return { ok: true, reply: reply.parse(await handler?.(parsed)) };
    } catch (error) {
      return { ok: false, problem: toProblem(error) };
    }
  });

  await page.addInitScript((actionNames: readonly string[]) => {
    const listeners = new Set<(pushed: unknown) => void>();
    const ask = (action: string) => (request: unknown) =>
      (window as unknown as { latchkeyAsk(...args: unknown[]): unknown }).latchkeyAsk(action, request);
    Object.assign(window, {
      latchkeyPush: (pushed: unknown) => listeners.forEach((listener) => listener(pushed)),
      latchkey: {
        ...Object.fromEntries(actionNames.map((name) => [name, ask(name)])),
        onState(listener: (pushed: unknown) => void) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
    });
  }, ipcActionNames);

  return {
    calls,
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
