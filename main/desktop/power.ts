import { powerMonitor } from 'electron';
import { watchScreenLock } from './screen-lock.ts';
import type { SecretClipboard } from './clipboard.ts';
import type { DesktopBroker } from './ports.ts';

/** Calls back after sleep and after the screen was unlocked; returns the way to stop. */
function onWake(listener: () => void): () => void {
  powerMonitor.on('resume', listener);
  powerMonitor.on('unlock-screen', listener);
  return () => {
    powerMonitor.off('resume', listener);
    powerMonitor.off('unlock-screen', listener);
  };
}

/**
 * Calls back when the screen is locked, perhaps twice for one lock, and when it is unlocked, of which some lockers do
 * not tell; returns the way to stop. Electron tells of it on macOS and Windows only.
 */
function onScreenLock(
  listeners: { locked(): void; unlocked(): void },
  log: (line: string) => void,
): () => void {
  const { locked, unlocked } = listeners;
  if (process.platform === 'linux') {
    const watch = watchScreenLock({ onLock: locked, onUnlock: unlocked, log });
    return () => watch.close();
  }
  powerMonitor.on('lock-screen', locked);
  powerMonitor.on('unlock-screen', unlocked);
  return () => {
    powerMonitor.off('lock-screen', locked);
    powerMonitor.off('unlock-screen', unlocked);
  };
}

/** Tells broker and clipboard of sleep and of a locked screen; returns the way to stop. */
export function watchComputer(
  broker: DesktopBroker,
  secrets: SecretClipboard,
  report: (error: unknown) => void,
  log: (line: string) => void,
): () => void {
  const stopWake = onWake(() => {
    broker.recheck?.();
    void secrets.recheck();
  });
  const locked = (): void => {
    void secrets.clear().catch(report);
    void broker.locked().catch(report);
  };
  const unlocked = (): void => void broker.unlocked('screen').catch(report);
  const stopLock = onScreenLock({ locked, unlocked }, log);
  return () => {
    stopWake();
    stopLock();
  };
}
