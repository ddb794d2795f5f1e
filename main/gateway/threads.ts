import { Worker } from 'node:worker_threads';
import { toLogText } from '../contract/errors.ts';

export interface GatewayThreadsOptions {
  /** The worker's script; by default the one beside this file, which a bundle does not have. */
  workerUrl?: URL | undefined;
  /** For what ends a thread before its time. */
  log(line: string): void;
}

/** The gateways' thread, and the next one after a crash. */
export interface GatewayThreads {
  /** @returns a thread that waits for its settings; whoever takes it terminates it. */
  next(): Worker;
  /** Ends the thread that nobody has taken. */
  close(): Promise<void>;
}

/** Starts the first thread at once: it loads beside what the main thread loads and reads before it can say what the gateways are to do. */
export function startGatewayThreads({ workerUrl, log }: GatewayThreadsOptions): GatewayThreads {
  const url = workerUrl ?? new URL('worker.ts', import.meta.url);
  let ahead: Worker | undefined = start();

  function start(): Worker {
    const worker = new Worker(url, { name: 'latchkey-gateway' });
    worker.on('error', (error) => log(`gateway: ${toLogText(error)}`));
    return worker;
  }

  function take(): Worker | undefined {
    const taken = ahead;
    ahead = undefined;
    return taken;
  }

  return {
    next() {
      const taken = take();
      return taken === undefined || hasEnded(taken) ? start() : taken;
    },
    async close() {
      await take()?.terminate();
    },
  };
}

/** Node gives a thread that has ended this number (`worker.threadId`); it tells its end only once. */
function hasEnded({ threadId }: Worker): boolean {
  return threadId === -1;
}
