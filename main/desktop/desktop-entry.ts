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

/** Whether the desktop would start it: its settings turn an entry off by a key, and leave the file. */
export function isEntryOn(text: string): boolean {
  return !/^[ \t]*(?:Hidden[ \t]*=[ \t]*true|X-GNOME-Autostart-enabled[ \t]*=[ \t]*false)[ \t]*\r?$/m.test(
    text,
  );
}
