/**
 * The house as a table: which room may import which. From it come the linter's rules (.oxlintrc.json), the picture
 * (docs/rooms.svg) and the map in docs/ARCHITECTURE.md. After a change here: `npm run layers`.
 */
export interface Room {
  /** Folder or file in main/, or renderer. A folder inside another room may be a room of its own. */
  name: string;
  /** Whatever else it imports stands below it in the table, so that no circle can be written down. */
  imports: string[];
  /** Packages that nobody may import but the rooms that name them. */
  packages: string[];
  /** Folders of tests/ that a change in this room has to run. */
  tests: string[];
  about: string;
}

// prettier-ignore
export const rooms: Room[] = [
  room('start.ts',         'index.ts cli base', '', 'e2e packages', 'what Electron starts: the desktop, or the command line in the packaged program'),
  room('index.ts',         'desktop broker updates runtime.ts connect config store log base', '', 'e2e', 'composition root of the desktop application'),
  room('cli',              'headless.ts api demo local-accounts support-bundle organisation audit connect store config log base contract', 'commander', 'cli docs', 'the latchkey command'),
  room('headless.ts',      'runtime.ts store base', '', 'broker cli', 'composition root without a screen (`latchkey serve`)'),
  room('runtime.ts',       'broker api organisation audit gateway connect config store log base contract', '', 'broker', 'what both roots start: home, configuration, broker, API'),
  room('api',              'broker fleet store contract', '', 'api cli administration', 'loopback HTTP between command line and broker: guard, proof, routes'),
  room('broker',           'access mail second-factor entra credentials local-accounts fleet session support-bundle updates organisation audit connect gateway prompts config store log base contract', '', 'broker administration', 'joins the rooms: one start, one handler for each action, one snapshot, one end'),
  room('demo',             'demo/tenant contract', 'pg', 'demo', 'a throw-away database, a sample organisation, the story'),
  room('demo/tenant',      'base', 'jose', 'demo', 'stand-in for Entra ID and Graph; knows nothing of Latchkey, so that other projects can use it'),
  room('access',           'credentials session audit connect gateway prompts config base contract', '', 'access broker', 'rules, tokens and handles; decides each login, and revokes'),
  room('credentials',      'entra session config store base contract', '', 'credentials', 'what rules log in with upstream: stored, Entra token, command, Vault'),
  room('local-accounts',   'second-factor session audit config store base contract', '', 'local-accounts administration broker', 'break-glass accounts: the file that names them, password and code, administration'),
  room('entra',            'session config base contract', '@azure/msal-node', 'entra broker', 'Entra ID: sign-in over MSAL with a network module of our own, groups and people in Graph, checks of providers'),
  room('second-factor',    'prompts audit config store base contract', 'otpauth', 'second-factor broker', 'TOTP and its ledger, push over ntfy, enrolment'),
  room('mail',             'session audit config store base contract', 'nodemailer', 'mail', 'mailed codes: template, relay link, SMTP, limits'),
  room('fleet',            'audit config store base contract', '', 'fleet broker', 'what leaves the machine for an organisation: the audit to log servers, numbers to Prometheus'),
  room('session',          'base contract', '', 'session entra broker', 'who is signed in: the chain, one sign-in under way, deadline and refresh, the port of providers'),
  room('prompts',          'contract', '', 'prompts broker', 'the board that holds logins, and what it asks for: sign-in, second factor, a program to allow'),
  room('updates',          'organisation audit store base contract', 'electron-updater', 'updates broker', 'newer versions of the application: which there are, whether they are ours, and how they take its place'),
  room('organisation',     'audit config store base contract', '', 'organisation cli broker', "an organisation's settings by address: signed bundles, what was joined, and how it is kept up to date"),
  room('support-bundle',   'audit config store log base contract', '', 'support-bundle cli', 'what whoever helps needs to see: versions, state, findings, configuration and log, without names, places and secrets'),
  room('audit',            'store contract', '', 'audit broker', 'append-only, hash-chained, signed record'),
  room('gateway',          'base contract', '@mongodb-js/saslprep', 'gateway broker', 'listeners, dialling, the pipe; peers/ finds whose a client is; postgres/, mysql/, sqlserver/ have the protocols'),
  room('connect',          'config store base contract', '', 'connect cli', 'settings for SQL tools: what they are, and how they are put where a tool reads them'),
  room('config',           'base contract', '', 'config cli docs', 'the configuration: layers of organisation and person, schema, loading, messages'),
  room('desktop',          'dbus store base contract', 'electron electron-store', 'desktop e2e', 'whatever imports Electron: tray, window, IPC, notices, clipboard'),
  room('store',            'base contract', '', 'store audit', 'durable files, the home folder and its lock, seals'),
  room('preload.ts',       'contract', 'electron', 'desktop e2e', 'the bridge of the window, derived from the contract'),
  room('renderer',         'contract', 'react react-dom', 'renderer', "the window's screens"),
  room('log',              'contract', '', 'log broker', 'the log of the process: levels, rotation, no secrets'),
  room('dbus',             '', '', 'dbus desktop', "a client of Linux's session bus, for notices and the keyring"),
  room('base',             'contract', '@peculiar/x509', 'base store gateway', 'what every room may use: closers, fetch and proxies, retry, mutex, abort, loopback, markup, certificates'),
  room('contract',         '', '', 'contract config desktop renderer cli api', 'state, actions and errors: plain data; all that the window may import'),
];

/** What runs in the window, sandboxed, has nothing of Node. */
export const inWindow = ['renderer', 'preload.ts', 'contract'];

function room(name: string, imports: string, packages: string, tests: string, about: string): Room {
  return { name, imports: words(imports), packages: words(packages), tests: words(tests), about };
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}

/** `main/access/`, `main/index.ts` or `renderer/`. */
export function pathOf(name: string): string {
  if (name === 'renderer') return 'renderer/';
  return name.endsWith('.ts') ? `main/${name}` : `main/${name}/`;
}

/** The innermost room that a file stands in. */
export function roomOf(file: string): string | undefined {
  const around = rooms.map(({ name }) => name).filter((name) => file.startsWith(pathOf(name)));
  return around.toSorted((left, right) => right.length - left.length)[0];
}
