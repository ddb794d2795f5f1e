import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { desktopEntry, movedEntry } from '../../main/desktop/desktop-entry.ts';

/** Reads an Exec key as the specification says: escapes of strings first, then quotes, then field codes. */
function readExec(entry: string): string[] {
  const line = entry.split('\n').find((text) => text.startsWith('Exec='));
  if (line === undefined) throw new Error('no Exec key');
  const value = line
    .slice('Exec='.length)
    .replaceAll(
      /\\(.)/g,
      (_all, letter: string) => ({ s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\' })[letter] ?? `\\${letter}`,
    );
  const found: string[] = [];
  for (const match of value.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)) {
    const text = match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll(/\\(["`$\\])/g, '$1');
    expect(text.replaceAll('%%', '')).not.toMatch(/%/);
    found.push(text.replaceAll('%%', '%'));
  }
  return found;
}

describe('autostart entry', () => {
  test('runs the command hidden', () => {
    expect(desktopEntry(['/opt/Latchkey/latchkey', '--hidden'])).toBe(
      [
        '[Desktop Entry]',
        'Type=Application',
        'Name=Latchkey',
        'Comment=Database sign-in with Microsoft Entra ID',
        'Exec="/opt/Latchkey/latchkey" "--hidden"',
        'Terminal=false',
        'X-GNOME-Autostart-enabled=true',
        '',
      ].join('\n'),
    );
  });

  test('any path comes back as it went in', () => {
    const argument = fc
      .array(
        fc.oneof(
          fc.constantFrom('"', '\\', '$', '`', '%', '%f', ' ', "'", ';', '\t', 'é', '\\n'),
          fc.string({ maxLength: 3 }),
        ),
      )
      .map((partsOf) => partsOf.join(''))
      .filter((text) => !/[\n\r\0]/.test(text));
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 4 }), (command) => {
        expect(readExec(desktopEntry(command))).toEqual(command);
      }),
      { numRuns: 5_000 },
    );
  });

  test('follows a program that was moved, and leaves all else as it is', () => {
    const before = '/home/ada/100% "Apps"/Latchkey $1\\2.AppImage';
    const now = '/home/ada/Apps/Latchkey.AppImage';
    const text = desktopEntry([before, '--hidden']).replace(
      'Terminal',
      'X-GNOME-Autostart-Delay=5\nTerminal',
    );
    const asked: string[] = [];
    const isThere = (answer: boolean) => (program: string) => {
      asked.push(program);
      return answer;
    };
    const moved = movedEntry(text, [now, '--hidden'], isThere(false)) ?? '';
    expect(readExec(moved)).toEqual([now, '--hidden']);
    expect(moved.replace(/^Exec=.*$/m, '')).toBe(text.replace(/^Exec=.*$/m, ''));
    expect(movedEntry(text, [now, '--hidden'], isThere(true))).toBeUndefined();
    expect(asked).toEqual([before, before]);
    // Of another home: that Latchkey sees to it itself.
    expect(movedEntry(text, [now, '--hidden', '--home', '/x'], isThere(false))).toBeUndefined();
    expect(movedEntry('[Desktop Entry]\nExec=latchkey\n', [now], isThere(false))).toBeUndefined();
  });

  test('a line break would add keys, so it is refused', () => {
    expect(() => desktopEntry(['/opt/a\nExec=evil'])).toThrow(TypeError);
  });
});
