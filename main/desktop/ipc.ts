import type { IpcMain, IpcMainInvokeEvent } from 'electron';
import type { ActionSchema } from '../contract/action-schemas.ts';
import { type Action, actionChannel, windowActions } from '../contract/actions.ts';
import { LatchkeyError, type Problem, toProblem } from '../contract/errors.ts';
import { served, type Served } from '../contract/perform.ts';
import type { AppState } from '../contract/state.ts';
import { isOwnPage } from './origin.ts';

/** The sender as far as it is looked at: Electron fills it in, so a renderer cannot forge it. */
export type IpcSender = Pick<IpcMainInvokeEvent, 'sender' | 'senderFrame'>;

export interface WindowServer {
  ipcMain: Pick<IpcMain, 'handle' | 'removeHandler'>;
  table: Readonly<Record<string, Action>>;
  schemas: Readonly<Record<string, ActionSchema>>;
  handlers: Readonly<Record<string, Parameters<typeof served>[2]>>;
  /** Whether these are the web contents of a window of ours that has this action. */
  mayAsk(sender: IpcSender['sender'], action: string): boolean;
  /** Gets errors that are not ours, which the renderer sees as `internal` only. */
  report(error: unknown): void;
}

/**
 * Answers every action of the table that the window has, and nothing else, on `ipcMain`. Each call must come from the top
 * frame of our own page in a window that has the action, and its payload must fit the contract; otherwise no handler runs. The reply goes
 * through the contract too, so that nothing which is not named there (the token, say) can reach the renderer.
 *
 * @returns the way to stop
 */
export function serveActions({
  ipcMain,
  table,
  schemas,
  handlers,
  mayAsk,
  report,
}: WindowServer): () => void {
  const names = windowActions(table);
  for (const name of names) {
    const [action, schema, handler] = [table[name], schemas[name], handlers[name]];
    if (action === undefined || schema === undefined || handler === undefined)
      throw new TypeError(`the action ${name} lacks schema or handler`);
    const one = served(action, schema, handler, 'window');
    ipcMain.handle(actionChannel(name), async (event, payload: unknown) => {
      if (!isOwnFrame(event) || !mayAsk(event.sender, name)) return { ok: false, problem: refusal };
      return perform(name, one, payload, report);
    });
  }
  return () => {
    for (const name of names) ipcMain.removeHandler(actionChannel(name));
  };
}

const refusal: Problem = toProblem(
  new LatchkeyError('request-refused', 'This page may not ask for that.', { remedy: 'Restart Latchkey.' }),
);

function isOwnFrame({ senderFrame: frame }: IpcSender): boolean {
  return frame !== null && frame.parent === null && isOwnPage(frame.url);
}

async function perform(
  name: string,
  { request, run }: Served,
  payload: unknown,
  report: WindowServer['report'],
): Promise<{ ok: true; reply: unknown } | { ok: false; problem: Problem }> {
  const parsed = request.safeParse(payload);
  if (!parsed.success) {
    const error = new LatchkeyError(
      'request-invalid',
      `The window asked for "${name}" in a way that is not valid.`,
      { remedy: 'Restart Latchkey; if it stays, file an issue.' },
    );
    return { ok: false, problem: toProblem(error) };
  }
  try {
    return { ok: true, reply: await run(parsed.data) };
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
