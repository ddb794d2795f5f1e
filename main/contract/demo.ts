/** What the demo says as soon as its desktop application runs; a window that has started the demo waits for it. */
export const desktopRuns = 'The desktop application is running.';
