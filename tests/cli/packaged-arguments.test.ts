import { describe, expect, it } from 'vitest';
import { packagedArguments } from '../../main/cli/packaged-arguments.ts';

const of = (...args: string[]) => packagedArguments(['/opt/Latchkey/latchkey-desktop', ...args]);

describe('the arguments of the packaged program', () => {
  it('are those of the command behind --, as the launcher passes them', () => {
    expect(of('--cli', '--no-sandbox', '--')).toEqual([]);
    expect(of('--cli', '--', 'exec', 'sales', '--', 'psql', '--cli')).toEqual([
      'exec',
      'sales',
      '--',
      'psql',
      '--cli',
    ]);
    expect(of('--cli', '--', 'provider', 'add', 'x', '--type', 'local')).toContain('--type');
  });

  it('are a command where there is one, without what is meant for Chromium', () => {
    expect(of('status', '--json')).toEqual(['status', '--json']);
    expect(of('--no-sandbox', '--ozone-platform=x11', '--home', '/a b', 'status')).toEqual([
      '--home',
      '/a b',
      'status',
    ]);
    expect(of('--json', '--home=/h', '--version')).toEqual(['--json', '--home=/h', '--version']);
    expect(of('--help')).toEqual(['--help']);
    // The command line says that there is none.
    expect(of('sing-in')).toEqual(['sing-in']);
  });

  it('are the desktop without a command, and with a link', () => {
    for (const args of [
      [],
      ['--hidden'],
      ['--home', '/h', '--config', '/c', '--hidden'],
      ['latchkey://join?address=https%3A%2F%2Fexample.org'],
      ['--', 'LATCHKEY://join'],
      ['--home', '/h', 'latchkey://join'],
      ['-psn_0_12345'],
      ['--cli'],
    ])
      expect(of(...args), args.join(' ')).toBeUndefined();
  });
});
