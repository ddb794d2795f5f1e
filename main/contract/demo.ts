/** What the demo says as soon as its desktop application runs; a window that has started the demo waits for it. */
export const desktopRuns = 'The desktop application is running.';
/** What it says in place of that where there is no desktop application; the reason follows. */
export const withoutScreen = 'The broker is running without a screen';
