import { toLogText } from '../contract/errors.ts';
import type { Log } from './log.ts';

/** Whatever still runs by then is not waited for. */
const hardEndMs = 60_000;

/**
 * Logs what nobody has caught, and calls `end` at the first of it, since nobody can know what it has left half done:
 * the broker is closed in order then. The process ends with code 1 after a minute, however far that has got. Without
 * this, Node ends the process at once, and Electron stops it behind a box until somebody clicks.
 *
 * A stream that has lost its reader is not such an error: entries for stderr are in the log's file as well.
 *
 * @param fatalRejections whether a promise that rejects unheard counts too; Electron has some of its own that do.
 * @returns the way to take it back
 */
export function handleUncaught(
  log: Log,
  { end, fatalRejections }: { end(): void; fatalRejections: boolean },
): () => void {
  let ending = false;
  const fatal = (error: unknown): void => {
    log.write(`uncaught: ${toLogText(error)}`, 'error');
    if (ending) return;
    ending = true;
    log.write(
      'Latchkey ends because of this error: new logins are refused, open sessions get a moment.',
      'error',
    );
    setTimeout(() => process.exit(1), hardEndMs).unref();
    end();
  };
  const rejection = (error: unknown): void => {
    if (fatalRejections) fatal(error);
    else log.write(`unhandled rejection: ${toLogText(error)}`, 'error');
  };
  process.on('uncaughtException', fatal).on('unhandledRejection', rejection);
  return () => process.off('uncaughtException', fatal).off('unhandledRejection', rejection);
}

/** A reader of stdout or stderr that has gone ends nothing; from here on neither does anything else they fail with. */
export function outliveStreams(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error');
    stream.on('error', () => undefined);
  }
}
