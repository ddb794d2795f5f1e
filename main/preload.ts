import { contextBridge, ipcRenderer } from 'electron';
import { actionBridge, actions, stateChannel } from './contract/actions.ts';
import type { LatchkeyBridge } from './contract/bridge.ts';

const asked = actionBridge(actions, (channel, request) => ipcRenderer.invoke(channel, request));

const bridge: LatchkeyBridge = {
  ...(asked as Omit<LatchkeyBridge, 'onState'>),
  onState(listener) {
    const forward = (_event: unknown, patch: Parameters<typeof listener>[0]) => listener(patch);
    ipcRenderer.on(stateChannel, forward);
    return () => ipcRenderer.off(stateChannel, forward);
  },
};

contextBridge.exposeInMainWorld('latchkey', bridge);
