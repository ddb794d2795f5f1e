import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { LatchkeyBridge } from '../main/contract/bridge.ts';
import { Started } from './started.tsx';
import './fonts.css';
import './theme.css';

declare global {
  interface Window {
    /** Put there by the preload script. */
    readonly latchkey: LatchkeyBridge;
  }
}

const place = document.querySelector('#app');
if (place === null) throw new Error('index.html has no element #app');
createRoot(place).render(
  <StrictMode>
    <Started bridge={window.latchkey} />
  </StrictMode>,
);
