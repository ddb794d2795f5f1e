import { powerMonitor } from 'electron';
import { watchScreenLock } from './screen-lock.ts';

/** Calls back after sleep and after the screen was unlocked; returns the way to stop. */
export function onWake(listener: () => void): () => void {
  powerMonitor.on('resume', listener);
  powerMonitor.on('unlock-screen', listener);
  return () => {
    powerMonitor.off('resume', listener);
    powerMonitor.off('unlock-screen', listener);
  };
}

/**
 * Calls back when the screen is locked, perhaps twice for one lock; returns the way to stop. Electron tells of it on
 * macOS and Windows only.
 */
export function onLock(listener: () => void, log: (line: string) => void): () => void {
  if (process.platform === 'linux') {
    const watch = watchScreenLock({ onLock: listener, onUnlock: () => undefined, log });
    return () => watch.close();
  }
  powerMonitor.on('lock-screen', listener);
  return () => void powerMonitor.off('lock-screen', listener);
}
