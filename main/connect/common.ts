import { shellLine } from './escape.ts';
import { mark, passwordPlaceholder, type Place, type System, type Tool, type ToolSettings } from './types.ts';

/** What a service, data source or option group of the tool is called. */
export function nameOf({ name, connection }: Place): string {
  return name ?? connection;
}

/** The command that prints a fresh token, as arguments. */
export function tokenCommand({ command, connection, role }: Place): string[] {
  return [...command, 'token', connection, ...(role === undefined ? [] : ['--role', role])];
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

/** Where files go that a person imports into a tool. */
export function importFile(name: string): string[] {
  return [`~/Latchkey/${name}`];
}
