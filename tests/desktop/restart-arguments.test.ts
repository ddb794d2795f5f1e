import { expect, it } from 'vitest';
import { restartArguments } from '../../main/desktop/restart-arguments.ts';

it('a newer version starts with the places and switches of the old one, and with its window', () => {
  const argv = [
    '/tmp/mount/latchkey-desktop',
    '--no-sandbox',
    '--home',
    '/home/ada/h',
    '--hidden',
    'latchkey://join?address=x',
  ];
  expect(restartArguments(argv)).toEqual(['--no-sandbox', '--home', '/home/ada/h']);
});
