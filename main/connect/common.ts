import { shellLine } from './escape.ts';
import {
  mark,
  passwordPlaceholder,
  type Place,
  type Protocol,
  type Section,
  type SettingsFile,
  type System,
  type Tool,
  type ToolSettings,
} from './types.ts';

export const allProtocols: readonly Protocol[] = ['postgresql', 'mysql', 'sqlserver'];

/** A window, which is left to itself. */
export const openWindow = { args: [], terminal: false };

/** What a service, data source or option group of the tool is called. */
export function nameOf({ name, connection }: Place): string {
  return name ?? connection;
}

/** The command that prints a fresh token, as arguments. */
export function tokenCommand({ command, connection, role, as, short }: Place): string[] {
  const options = [
    ...(role === undefined ? [] : ['--role', role]),
    ...(as === undefined ? [] : ['--as', as]),
    ...(short === true ? ['--short'] : []),
  ];
  return [...command, 'token', connection, ...options];
}

/** The same for a person's shell. */
export function tokenLine(place: Place): string {
  return shellLine(tokenCommand(place), place.system);
}

/** A comment that says whose a part is, in a file with `#` comments. */
export const markComment = `# ${mark}; changes in here are lost. It holds no password of the database.`;

/** What dialogs ask for, in their usual order. */
export function fieldsOf(place: Place, password: 'handle' | 'command'): ToolSettings['fields'] {
  const { protocol, host, port, database, username } = place;
  return [
    ...(protocol === 'sqlserver'
      ? [
          { label: 'Server', value: `${host},${port}` },
          { label: 'Authentication', value: 'SQL Server Authentication' },
        ]
      : [
          { label: 'Host', value: host },
          { label: 'Port', value: String(port) },
        ]),
    { label: 'Database', value: database },
    { label: 'User', value: username },
    password === 'handle'
      ? { label: 'Password', value: passwordPlaceholder, secret: true }
      : { label: 'Password', value: `printed by: ${tokenLine(place)}` },
  ];
}

/** The sentence about a password that a person pastes once. */
export const pasteHandle =
  'Paste the password once and let the tool save it. It opens nothing by itself: each login needs your live session.';

/** The same programs under each system's own name and usual places. */
export function programs(linux: string[], darwin: string[], win32: string[]): Tool['programs'] {
  return { linux, darwin, win32 };
}

/** A program that is only ever found in PATH. */
export function inPath(...names: string[]): Tool['programs'] {
  return programs(
    names,
    names,
    names.map((name) => `${name}.exe`),
  );
}

/** A file of the home that Windows keeps elsewhere. */
export function pathOn(system: System, elsewhere: string, windows: string): string[] {
  return [system === 'win32' ? windows : elsewhere];
}

/** A file of Latchkey's own that a person imports into the tool. It holds no password. */
export function importFile(name: string, format: 'json' | 'text', text: string): SettingsFile {
  return {
    paths: [`~/Latchkey/${name}`],
    format,
    mode: 0o600,
    folder: 'create',
    merge: { kind: 'whole', text },
    secret: false,
  };
}

/** Sections in a file of the person's own. */
export function iniFile(
  file: Pick<SettingsFile, 'paths' | 'variable' | 'secret'>,
  sections: Section[],
  ignoreCase: boolean,
): SettingsFile {
  return {
    ...file,
    format: 'ini',
    mode: 0o600,
    folder: 'create',
    merge: { kind: 'sections', ignoreCase, sections },
  };
}

/** A file of JSON as text. */
export function jsonText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
