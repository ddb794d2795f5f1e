const quitSignals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Aborts at the first SIGINT or SIGTERM. A second one, of either kind, ends the process at once, as the system does by
 * itself: whoever asks again means it.
 */
export function quitSignal(): AbortSignal {
  const quit = new AbortController();
  const begin = (): void => {
    for (const signal of quitSignals) process.off(signal, begin);
    quit.abort();
  };
  for (const signal of quitSignals) process.on(signal, begin);
  return quit.signal;
}
