import { app } from 'electron';

const doubleClickMs = 1000;

/**
 * Has the application close what is open before it quits, once.
 * @returns whether that has begun
 */
export function closeBeforeQuit(close: () => Promise<void>): () => boolean {
  let phase: 'running' | 'closing' | 'closed' = 'running';
  let quitAt = 0;
  async function end(): Promise<void> {
    await close();
    phase = 'closed';
    app.quit();
  }
  app.on('before-quit', (event) => {
    if (phase === 'closed') return;
    event.preventDefault();
    if (phase === 'closing') {
      // Somebody who asks again means it, unless it is the second half of a double click.
      if (performance.now() - quitAt > doubleClickMs) app.exit(1);
      return;
    }
    phase = 'closing';
    quitAt = performance.now();
    void end();
  });
  return () => phase !== 'running';
}
