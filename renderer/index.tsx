import { type ComponentType, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { LatchkeyBridge, PageName } from '../main/contract/bridge.ts';
import { late } from './late.tsx';
import { PromptWindow } from './screens/prompt-window.tsx';
import { Started } from './started.tsx';
import './fonts.css';
import './theme.css';

declare global {
  interface Window {
    /** Put there by the preload script. */
    readonly latchkey: LatchkeyBridge;
  }
}

const Flyout = late(async () => (await import('./screens/flyout.tsx')).Flyout, null);

const place = document.querySelector('#app');
if (place === null) throw new Error('index.html has no element #app');
const pages: Record<PageName, ComponentType<{ bridge: LatchkeyBridge }>> = {
  main: Started,
  prompts: PromptWindow,
  flyout: Flyout,
};
const asked = new URLSearchParams(location.search).get('page') ?? 'main';
const Page = pages[asked in pages ? (asked as PageName) : 'main'];
createRoot(place).render(
  <StrictMode>
    <Page bridge={window.latchkey} />
  </StrictMode>,
);
