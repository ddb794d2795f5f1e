import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves once somebody takes connections at the loopback port.
 * @param failure asked at each try: why that will not come any more, or undefined
 * @throws Error with that reason, and after 30 s
 */
export async function portAnswers(port: number, failure: () => string | undefined): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await takesConnections(port))) {
    const reason = failure();
    if (reason !== undefined) throw new Error(reason);
    if (Date.now() > deadline) throw new Error(`nobody answers at port ${port}`);
    await sleep(50);
  }
}

/** Whether somebody takes connections at the loopback port now. */
export function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}
