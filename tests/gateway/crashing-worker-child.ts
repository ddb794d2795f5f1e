import { parentPort } from 'node:worker_threads';

/** The gateway's own worker, made to fail when a session with this name is to be cut. */
await import('../../main/gateway/worker.ts');
parentPort?.on('message', (message: { kind: string; sessionIds?: string[] }) => {
  if (message.kind === 'cut' && message.sessionIds?.includes('crash')) throw new Error('as the test wished');
});
