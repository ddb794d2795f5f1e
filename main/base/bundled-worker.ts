/**
 * The gateway's worker script beside a bundled program, or undefined where the program runs from its source and the
 * gateway finds its own.
 * @param programUrl `import.meta.url` of the program's entry
 */
export function bundledWorker(programUrl: string): URL | undefined {
  return programUrl.endsWith('.ts') ? undefined : new URL('./gateway-worker.js', programUrl);
}
