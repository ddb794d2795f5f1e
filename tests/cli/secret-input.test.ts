import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../support/builds.ts';
import { describeWith } from '../support/parts.ts';
import { atTerminal, script } from '../support/terminal.ts';

const child = await buildProgram('cli/secret-child.ts');
const hex = (text: string): string => Buffer.from(text).toString('hex');

describeWith([script], 'secrets at a terminal', () => {
  const ask = (...args: string[]) => atTerminal([process.execPath, child, ...args]);

  test('one prompt after the other, without an echo; an answer that may be seen is', async () => {
    const terminal = ask('Sure? ');
    await terminal.answer('First: ', 'hunterX\u007F2 ä\r');
    // What an arrow key would bring back elsewhere.
    await terminal.answer('Second: ', '\u001B[Asesame\r');
    await terminal.answer('Sure? ', 'yes\r');
    expect(await terminal.ended).toBe(0);
    expect(terminal.shown()).toContain(`${hex('hunter2 ä')} ${hex('sesame')} ${hex('yes')}`);
    // eslint-disable-next-line no-control-regex -- what moves the cursor
    expect(terminal.shown().replaceAll(/\u001B\[\d*[A-Z]/g, '')).toContain('Sure? yes');
    expect(terminal.shown()).not.toMatch(/hunter|sesame/);
  });

  test('what is pasted in one go answers one prompt after the other', async () => {
    const terminal = ask();
    await terminal.answer('First: ', 'pasted\rahead\r');
    expect(await terminal.ended).toBe(0);
    expect(terminal.shown()).toContain(`${hex('pasted')} ${hex('ahead')} `);
    expect(terminal.shown()).not.toMatch(/pasted|ahead/);
  });

  test.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('%s at the second prompt ends it', async (_key, character) => {
    const terminal = ask();
    await terminal.answer('First: ', 'one\r');
    await terminal.answer('Second: ', character);
    expect(await terminal.ended).toBe(1);
    expect(terminal.shown()).toContain('Cancelled.');
  });
});

describe('secrets on standard input', () => {
  const pass = (input: Buffer): string =>
    spawnSync(process.execPath, [child], { input, encoding: 'utf8' }).stdout.trim();

  test('a key in PEM form is one secret, with all its lines', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqG\nSM49AgEG\n-----END PRIVATE KEY-----';
    expect(pass(Buffer.from(`${key}\nsesame\n`))).toBe(`${hex(key)} ${hex('sesame')} `.trim());
    expect(pass(Buffer.from(`${key.replaceAll('\n', '\r\n')}\r\nsesame`))).toContain(hex(key));
    // One that never ends.
    expect(pass(Buffer.from('-----BEGIN PRIVATE KEY-----\nMIGH\n'))).not.toBe('');
  });

  test('are lines of UTF-8 text, whatever ends a line', () => {
    expect(pass(Buffer.from('pässword €\r\nsecond'))).toBe(`${hex('pässword €')} ${hex('second')}`);
  });

  test.each([
    ['UTF-8 with a mark', Buffer.from('\u{FEFF}hunter2\ntwo\n')],
    ['UTF-16 with a mark', Buffer.from('\u{FEFF}hunter2\r\ntwo\r\n', 'utf16le')],
    ['UTF-16 without one', Buffer.from('hunter2\r\ntwo\r\n', 'utf16le')],
    ['big-endian UTF-16', Buffer.from('\u{FEFF}hunter2\ntwo\n', 'utf16le').swap16()],
    ['Latin-1', Buffer.from('pässword\ntwo\n', 'latin1')],
    ['what was read as Latin-1 before', Buffer.from('p\u{FFFD}ssword\ntwo\n')],
    ['a second line with a mark', Buffer.from('hunter2\n\u{FEFF}two\n')],
  ])('%s is refused with a sentence', (_what, bytes) => {
    expect(pass(bytes)).toMatch(/^What was entered .*; nothing has been stored\.$/);
  });
});
