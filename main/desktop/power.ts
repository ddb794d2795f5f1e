import { powerMonitor } from 'electron';

/** Calls back after sleep and after the screen was unlocked; returns the way to stop. */
export function onWake(listener: () => void): () => void {
  powerMonitor.on('resume', listener);
  powerMonitor.on('unlock-screen', listener);
  return () => {
    powerMonitor.off('resume', listener);
    powerMonitor.off('unlock-screen', listener);
  };
}
