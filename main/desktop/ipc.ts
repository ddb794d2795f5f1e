import type { IpcMain, IpcMainInvokeEvent } from 'electron';
import { actionChannel, type IpcAction, ipcActionNames } from '../contract/actions.ts';
import { LatchkeyError, type Problem, toProblem } from '../contract/errors.ts';
import { ipcActions, type IpcOutcome } from '../contract/ipc.ts';
import type { AppState } from '../contract/state.ts';
import type { DesktopActions } from './actions.ts';
import { isOwnPage } from './origin.ts';

/** The sender as far as it is looked at: Electron fills it in, so a renderer cannot forge it. */
export type IpcSender = Pick<IpcMainInvokeEvent, 'sender' | 'senderFrame'>;

/**
 * Answers every action of the contract, and nothing else, on `ipcMain`. Each call must come from the top frame of our
 * own page in the window, and its payload must fit the contract; otherwise no handler runs. The reply goes through
 * the contract too, so that nothing which is not named there (the token, say) can reach the renderer.
 *
 * @param isWindow whether this is the web contents of our window
 * @param report gets errors that are not ours, which the renderer sees as `internal` only
 * @returns the way to stop
 */
export function serveActions(
  ipcMain: Pick<IpcMain, 'handle' | 'removeHandler'>,
  actions: DesktopActions,
  isWindow: (sender: IpcSender['sender']) => boolean,
  report: (error: unknown) => void,
): () => void {
  for (const action of ipcActionNames) {
    ipcMain.handle(actionChannel(action), async (event, payload: unknown) => {
      if (!isTrustedSender(event, isWindow)) return { ok: false, problem: refusal };
      return perform(action, payload, actions, report);
    });
  }
  return () => {
    for (const action of ipcActionNames) ipcMain.removeHandler(actionChannel(action));
  };
}

const refusal: Problem = toProblem(
  new LatchkeyError('request-refused', 'This page may not ask for that.', { remedy: 'Restart Latchkey.' }),
);

function isTrustedSender(event: IpcSender, isWindow: (sender: IpcSender['sender']) => boolean): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame.parent === null && isOwnPage(frame.url) && isWindow(event.sender);
}

async function perform<A extends IpcAction>(
  action: A,
  payload: unknown,
  actions: DesktopActions,
  report: (error: unknown) => void,
): Promise<IpcOutcome<A>> {
  const { request, reply } = ipcActions[action];
  const parsed = request.safeParse(payload);
  if (!parsed.success) {
    const error = new LatchkeyError(
      'request-invalid',
      `The window asked for "${action}" in a way that is not valid.`,
      {
        remedy: 'Restart Latchkey; if it stays, file an issue.',
      },
    );
    return { ok: false, problem: toProblem(error) };
  }
  try {
    // The type checker cannot pair an action's schema with its handler across the union; the mapped types do.
    const handler = actions[action] as (request: unknown) => Promise<unknown>;
    return { ok: true, reply: reply.parse(await handler(parsed.data)) as never };
  } catch (error) {
    if (!(error instanceof LatchkeyError)) report(error);
    return { ok: false, problem: toProblem(error) };
  }
}

/**
 * Passes snapshots on, at most one in `intervalMs`: a burst of changes costs one message, and the last one always
 * arrives. `read` is asked at the time of sending, so what is sent is never out of date.
 */
export function createStatePush(
  read: () => AppState,
  send: (state: AppState) => void,
  intervalMs = 30,
): { changed(): void; close(): void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    changed() {
      timer ??= setTimeout(() => {
        timer = undefined;
        send(read());
      }, intervalMs);
    },
    close() {
      clearTimeout(timer);
    },
  };
}
