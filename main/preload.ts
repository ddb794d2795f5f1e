import { contextBridge, ipcRenderer } from 'electron';
import { actionChannel, ipcActionNames, stateChannel } from './contract/actions.ts';
import type { LatchkeyBridge } from './contract/ipc.ts';

const actions = Object.fromEntries(
  ipcActionNames.map((name) => [
    name,
    (request: unknown) => ipcRenderer.invoke(actionChannel(name), request),
  ]),
) as Omit<LatchkeyBridge, 'onState'>;

const bridge: LatchkeyBridge = {
  ...actions,
  onState(listener) {
    const forward = (_event: unknown, state: Parameters<typeof listener>[0]) => listener(state);
    ipcRenderer.on(stateChannel, forward);
    return () => ipcRenderer.off(stateChannel, forward);
  },
};

contextBridge.exposeInMainWorld('latchkey', bridge);
