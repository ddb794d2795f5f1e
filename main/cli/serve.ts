import { once } from 'node:events';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { toLogText } from '../contract/errors.ts';
import { startHeadless, type HeadlessOptions } from '../headless.ts';
import { createLog } from '../log/log.ts';
import { handleUncaught, outliveStreams } from '../log/uncaught.ts';
import { result, type Output } from './output.ts';
import { tellServiceManager } from './service-manager.ts';

const hangUpReason = 'SIGHUP came: its terminal has gone.';

/** How long open database sessions may go on after an error that nobody has caught. */
const drainMs = 10_000;

/**
 * Runs the broker until `signal` aborts (Ctrl-C, SIGTERM) or its terminal goes, then closes it in order. SIGHUP from
 * anybody else has it read its configuration anew.
 * @returns the exit code: 1 after an error that nobody has caught
 */
export async function serve(
  options: Omit<HeadlessOptions, 'log'>,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const log = createLog();
  const failed = new AbortController();
  const hungUp = new AbortController();
  // On Windows the signal means that the window of the console is being closed.
  const hadTerminal = process.platform === 'win32' || (await hasTerminal());
  let reload = async (): Promise<unknown> => undefined;
  // Node takes back what nohup has set, so that without this it would end the process at once.
  process.on('SIGHUP', () => {
    void hasTerminal().then((has) => (hadTerminal && !has ? hungUp.abort() : reload()));
  });
  outliveStreams();
  handleUncaught(log, { end: () => failed.abort(), fatalRejections: true });
  const headless = await startHeadless({ ...options, log });
  reload = () =>
    headless.broker.reloadConfiguration('signal').catch((error: unknown) => log.write(toLogText(error)));
  const { connections, faultyConnections = [] } = headless.broker.state();
  const listening = connections.filter(({ listener }) => listener.kind === 'listening');
  result(
    output,
    'serve',
    {
      event: 'serving',
      pid: process.pid,
      home: options.homePath,
      api: headless.api.description.url,
      connections: listening.map(({ name, host, port }) => ({ name, host, port })),
    },
    `Latchkey is serving ${listening.length} of ${connections.length + faultyConnections.length} connections. Sign in with: latchkey login`,
  );
  const untold = (reason: string): void => log.write(reason);
  await tellServiceManager('READY=1', untold);
  const end = AbortSignal.any([signal, hungUp.signal, failed.signal]);
  if (!end.aborted) await once(end, 'abort');
  // The manager that stops the service ends the messenger with it, and knows already.
  const stopping = tellServiceManager('STOPPING=1', signal.aborted ? () => undefined : untold);
  if (!failed.signal.aborted) {
    if (hungUp.signal.aborted) log.write(`Latchkey ends: ${hangUpReason}`);
    await headless.close(hungUp.signal.aborted ? { reason: hangUpReason } : undefined);
    await stopping;
    return 0;
  }
  await headless.close({ reason: 'an error that nobody has caught; see the log', graceMs: drainMs });
  await stopping;
  return 1;
}

/** Whether the process has a controlling terminal now: one that has hung up is none any more (tty(4), ENXIO). */
async function hasTerminal(): Promise<boolean> {
  const opened = await open('/dev/tty', constants.O_RDONLY | constants.O_NOCTTY).catch(() => undefined);
  await opened?.close();
  return opened !== undefined;
}
