import { once } from 'node:events';
import { startHeadless, type HeadlessOptions } from '../headless.ts';
import { result, type Output } from './output.ts';

/** Runs the broker until `signal` aborts (Ctrl-C, SIGTERM), then closes it in order. */
export async function serve(
  options: Omit<HeadlessOptions, 'log'>,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const headless = await startHeadless({
    ...options,
    log: (line) => output.err(`${new Date().toISOString()} ${line}`),
  });
  try {
    const { connections } = headless.broker.state();
    const listening = connections.filter(({ listener }) => listener.kind === 'listening');
    result(
      output,
      {
        event: 'serving',
        pid: process.pid,
        home: options.homePath,
        api: headless.api.description.url,
        connections: listening.map(({ name, host, port }) => ({ name, host, port })),
      },
      `Latchkey is serving ${listening.length} of ${connections.length} connections. Sign in with: latchkey login`,
    );
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await headless.close();
  }
}
