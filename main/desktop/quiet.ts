import { app, type Session } from 'electron';

/** What Chromium would ask others for by itself, in whatever part of it that may be. */
const switches = [
  'disable-background-networking',
  'disable-component-update',
  'disable-domain-reliability',
  'no-pings',
];

/**
 * Keeps Chromium from talking to anybody by itself: the only requests that leave are those of our own to the tenant. To
 * be called before Electron is ready, since a session begins to fetch dictionaries for its spell checker (from Google)
 * when it is made, whether or not a page ever asks for one.
 */
export function keepQuiet(): void {
  for (const name of switches) app.commandLine.appendSwitch(name);
  app.on('session-created', turnSpellCheckerOff);
  // Names are asked of the system's resolver alone: Chromium would go over to DNS over HTTPS where it knows the provider.
  void app.whenReady().then(() => app.configureHostResolver({ secureDnsMode: 'off' }));
}

function turnSpellCheckerOff(session: Session): void {
  session.setSpellCheckerEnabled(false);
  // macOS has a spell checker of its own, which takes no list.
  if (process.platform !== 'darwin') session.setSpellCheckerLanguages([]);
}
