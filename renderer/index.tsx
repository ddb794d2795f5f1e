import { type ComponentType, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { LatchkeyBridge, PageName } from '../main/contract/bridge.ts';
import { late } from './late.tsx';
import './fonts.css';
import './theme.css';

declare global {
  interface Window {
    /** Put there by the preload script. */
    readonly latchkey: LatchkeyBridge;
  }
}

// Each page reads what it shows, and nothing of the others.
const Started = late(async () => (await import('./started.tsx')).Started, null);
const PromptWindow = late(async () => (await import('./screens/prompt-window.tsx')).PromptWindow, null);
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
