import type { ActionReply, ActionRequest } from './action-schemas.ts';
import type { WindowAction } from './actions.ts';
import type { Problem } from './errors.ts';
import type { StatePatch } from './state-patch.ts';

/** Which window a page is for; it stands in the page's address as `page`, and is absent there for the main window. */
export type PageName = 'main' | 'prompts' | 'flyout';

/** What crosses the bridge: a failed action is data, since Electron strips custom errors of all but their message. */
export type Outcome<A extends WindowAction> =
  { ok: true; reply: ActionReply<A> } | { ok: false; problem: Problem };

/**
 * All that the window can ask of the main process, by the names of the actions. No token is in any reply: main puts it
 * on the clipboard, so the window never holds it.
 */
export type LatchkeyBridge = {
  [A in WindowAction]: (request: ActionRequest<A>) => Promise<Outcome<A>>;
} & {
  /** Calls back with every change of the state; returns the way to stop. */
  onState(listener: (patch: StatePatch) => void): () => void;
};
