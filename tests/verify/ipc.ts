import { actionSchemas } from '../../main/contract/action-schemas.ts';
import {
  actionChannel,
  actions as table,
  windowActions,
  type WindowAction,
} from '../../main/contract/actions.ts';
import { serveActions, type IpcSender } from '../../main/desktop/ipc.ts';
import { startPage } from '../../main/desktop/origin.ts';
import { payloadsFor, sampleRequest, takes } from '../contract/payloads.ts';
import { count, type Target } from './target.ts';

const sizes = { quick: 200, full: 10_000 };

type Handler = (event: unknown, payload: unknown) => Promise<{ ok: boolean; problem?: { code: string } }>;

/** What fits is written a second time in ipc-payloads.ts, apart from the contract's schemas. */
export const ipc: Target = {
  name: 'ipc',
  bound:
    'every IPC channel has schema and sender check: 10,000 inputs each, no handler runs for what does not fit',
  async run(size) {
    const names = windowActions(table) as WindowAction[];
    const ran: WindowAction[] = [];
    const channels = new Map<string, Handler>();
    const window = { id: 'ours' } as unknown as IpcSender['sender'];
    const own = { sender: window, senderFrame: { url: startPage, parent: null } };
    serveActions({
      ipcMain: {
        handle: (channel, handler) => void channels.set(channel, handler as unknown as Handler),
        removeHandler: (channel) => void channels.delete(channel),
      },
      table,
      schemas: actionSchemas,
      handlers: Object.fromEntries(names.map((name) => [name, async () => void ran.push(name)])),
      mayAsk: (sender) => sender === window,
      report: () => undefined,
    });
    const wrong = new Set<string>();
    for (const action of names) {
      const handler = channels.get(actionChannel(action));
      if (handler === undefined) {
        wrong.add(`${action} has no channel`);
        continue;
      }
      for (const payload of payloadsFor(action, sizes[size])) {
        ran.length = 0;
        await handler(own, payload);
        if (ran.length !== (takes(action, 'window', payload) ? 1 : 0))
          wrong.add(`${action} runs for what does not fit`);
      }
      ran.length = 0;
      for (const stranger of strangers(window)) await handler(stranger, sampleRequest(action));
      if (ran.length > 0) wrong.add(`${action} runs for a stranger`);
    }
    const unknown = [...channels.keys()].filter(
      (channel) => !names.some((name) => actionChannel(name) === channel),
    );
    for (const channel of unknown) wrong.add(`${channel} is not in the contract`);
    return {
      figure: `${names.length} channels, ${count(sizes[size])} inputs each, ${wrong.size} wrong${
        wrong.size > 0 ? ` (${[...wrong].join(', ')})` : ''
      }`,
      pass: wrong.size === 0,
    };
  },
};

function strangers(window: IpcSender['sender']): unknown[] {
  const top = { url: startPage, parent: null };
  return [
    { sender: window, senderFrame: null },
    { sender: { id: 'another' }, senderFrame: top },
    { sender: window, senderFrame: { url: startPage, parent: top } },
    ...['', 'about:blank', 'https://app/index.html', 'file:///index.html', 'latchkey://other/index.html'].map(
      (url) => ({
        sender: window,
        senderFrame: { url, parent: null },
      }),
    ),
  ];
}
