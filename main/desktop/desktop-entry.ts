/** The text of an autostart entry (Desktop Entry Specification 1.5) that runs this command. */
export function desktopEntry(command: readonly string[]): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Latchkey',
    'Comment=Database sign-in with Microsoft Entra ID',
    `Exec=${command.map(execArgument).join(' ')}`,
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

/**
 * One argument of an Exec key. Inside quotes `"`, backtick, `$` and backslash take a backslash; then the rules for
 * values of type string double each backslash; `%` begins a field code and is itself when doubled. A line break
 * cannot be written at all, and would let the rest become keys of their own.
 */
function execArgument(argument: string): string {
  if (/[\n\r\0]/.test(argument)) throw new TypeError('a command of a desktop entry cannot hold a line break');
  const quoted = `"${argument.replaceAll(/["`$\\]/g, String.raw`\$&`)}"`;
  return quoted.replaceAll('\\', '\\\\').replaceAll('%', '%%');
}

/**
 * The text of an entry that starts a program which is not there any more, as where an AppImage was moved or has another name,
 * with this command in its place; all else in it stays.
 * @returns undefined where its program is there, or it starts another Latchkey than this one, with other options
 */
export function movedEntry(
  text: string,
  command: readonly string[],
  isThere: (program: string) => boolean,
): string | undefined {
  const written = programAndOptions(text);
  const [, options] = programAndOptions(desktopEntry(command)) ?? [];
  if (written === undefined || written[1] !== options || isThere(written[0])) return undefined;
  return text.replace(/^Exec=.*$/m, () => `Exec=${command.map(execArgument).join(' ')}`);
}

/** Of what {@link execArgument} has written: the program, and all that stands behind it as it stands there. */
function programAndOptions(text: string): [string, string] | undefined {
  const value = /^Exec=(.*)$/m.exec(text)?.[1]?.replaceAll('\\\\', '\\') ?? '';
  const [, program, options = ''] = /^"((?:[^"\\]|\\.)*)"(.*)$/.exec(value) ?? [];
  if (program === undefined) return undefined;
  return [program.replaceAll('%%', '%').replaceAll(/\\(["`$\\])/g, '$1'), options];
}

/** Whether the desktop would start it: its settings turn an entry off by a key, and leave the file. */
export function isEntryOn(text: string): boolean {
  return !/^[ \t]*(?:Hidden[ \t]*=[ \t]*true|X-GNOME-Autostart-enabled[ \t]*=[ \t]*false)[ \t]*\r?$/m.test(
    text,
  );
}
