import type { Page } from 'playwright-core';
import type { PageName } from '../../main/contract/bridge.ts';
import type { WindowAction } from '../../main/contract/actions.ts';
import type { AppState } from '../../main/contract/state.ts';
import type { Handlers } from './fake-bridge.ts';
import { openConnection } from './walk.ts';

/** A place of the window that asks main for something, by itself or when somebody presses a button. */
export interface AskingScreen {
  /** Its source in renderer/screens, and those of the parts that can be reached only through it. */
  files: string[];
  /** Where one file asks for several things. */
  name?: string;
  state: AppState;
  page?: PageName;
  /** How everything else is answered. */
  answers?: Handlers;
  /** From the first screen to it. */
  open?(page: Page): Promise<void>;
  action: WindowAction;
  /** What asks for it; absent where the screen asks when it is shown. */
  ask?: Press;
  /** Words that say that it is on its way; absent where the button itself does. */
  waits?: string;
  /** What asks once more, after a refusal; what asked before, where it is absent. */
  again?: Press;
  /** What has been typed, by its label: it is there still after a refusal. */
  typed?: Record<string, string>;
}

/** The name of a button, the words of a choice, or a key. */
export type Press = { button: string | RegExp } | { text: string } | { key: string };

export const nav = (name: string) => async (page: Page) => {
  await page.getByRole('navigation').getByRole('button', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
};
const click = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click();
export const inTurn =
  (...steps: ((page: Page) => Promise<unknown>)[]) =>
  async (page: Page): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (const step of steps) await step(page);
  };
export const pressing = (name: string | RegExp) => (page: Page) => click(page, name);
export const typing = (fields: Record<string, string>) => async (page: Page) => {
  for (const [label, text] of Object.entries(fields)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await page.getByLabel(label, { exact: true }).fill(text);
  }
};
export const sales = (page: Page) => openConnection(page, 'Sales warehouse');
