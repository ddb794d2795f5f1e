import { spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { programEnvironment } from '../../main/credentials/program-environment.ts';
import { buildCommand } from '../support/builds.ts';
import {
  chosenConfigFile,
  chosenHome,
  chosenKeyFile,
  defaultConfigFile,
  defaultHome,
  placeArguments,
  userFolder,
} from '../../main/store/places.ts';
import { useTemporaryFolders } from './temporary-folder.ts';

const newFolder = useTemporaryFolders();
const account = (): string => '/home/ada';

describe('the usual places', () => {
  const linux = (environment: Record<string, string>): string[] => {
    const home = (): string => userFolder(environment, 'linux', account);
    return [defaultHome(environment, 'linux', home), defaultConfigFile(environment, 'linux', home)];
  };

  test.each([
    ['the variable', { HOME: '/people/ada' }, '/people/ada'],
    ['no variable', {}, '/home/ada'],
    ['an empty one', { HOME: '' }, '/home/ada'],
    ['a relative one', { HOME: '.' }, '/home/ada'],
    [
      'relative and empty XDG folders',
      { HOME: 'x', XDG_STATE_HOME: 'state', XDG_CONFIG_HOME: '' },
      '/home/ada',
    ],
  ])('follow %s', (_name, environment, home) => {
    expect(linux(environment)).toEqual([
      `${home}/.local/state/latchkey`,
      `${home}/.config/latchkey/latchkey.yaml`,
    ]);
  });

  test('follow the XDG folders, and those of each system', () => {
    expect(linux({ XDG_STATE_HOME: '/state', XDG_CONFIG_HOME: '/settings' })).toEqual([
      '/state/latchkey',
      '/settings/latchkey/latchkey.yaml',
    ]);
    const mac = (): string => '/Users/ada';
    expect(defaultHome({}, 'darwin', mac)).toBe('/Users/ada/Library/Application Support/Latchkey');
    const windows = (): string => String.raw`C:\Users\ada`;
    expect(defaultHome({ LOCALAPPDATA: String.raw`D:\local` }, 'win32', windows)).toBe(
      String.raw`D:\local\Latchkey`,
    );
    for (const LOCALAPPDATA of ['', 'local', 'C:local'])
      expect(defaultHome({ LOCALAPPDATA }, 'win32', windows)).toBe(
        String.raw`C:\Users\ada\AppData\Local\Latchkey`,
      );
    expect(defaultConfigFile({ APPDATA: 'roaming' }, 'win32', windows)).toBe(
      String.raw`C:\Users\ada\AppData\Roaming\Latchkey\latchkey.yaml`,
    );
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no entry');
      },
    ],
    ['has an empty one', () => ''],
    ['has a relative one', () => 'ada'],
  ])('are refused with a sentence where the account database %s', (_name, database) => {
    expect(() => userFolder({ HOME: '' }, 'linux', database)).toThrow(
      expect.objectContaining({
        code: 'home-unusable',
        remedy: 'Set HOME, or name the places with --home and --config.',
      }),
    );
  });
});

describe('places that are named', () => {
  test.each([
    [chosenHome, 'LATCHKEY_HOME', '--home'],
    [chosenConfigFile, 'LATCHKEY_CONFIG', '--config'],
    [chosenKeyFile, 'LATCHKEY_KEY_FILE', '--key-file'],
  ] as const)('%o', (choose, variable, option) => {
    const HOME = '/home/ada';
    const usual = choose(undefined, { HOME });
    expect(choose(undefined, { HOME, [variable]: '' })).toBe(usual);
    expect(choose(undefined, { HOME, [variable]: '/named' })).toBe('/named');
    expect(choose('/option', { HOME, [variable]: '/named' })).toBe('/option');
    // What a person types is meant from where they are.
    expect(choose('here', { HOME })).toBe(join(process.cwd(), 'here'));
    const refused = (message: string) => expect.objectContaining({ code: 'request-invalid', message });
    expect(() => choose('', { HOME })).toThrow(refused(`${option} names nothing.`));
    for (const relative of ['.', 'named', './named', '~/named'])
      expect(() => choose(undefined, { HOME, [variable]: relative })).toThrow(
        refused(`${variable} is no full path.`),
      );
  });

  test('are told to the next start, where it would not find them', () => {
    expect(placeArguments({ home: defaultHome(), config: defaultConfigFile() })).toEqual([]);
    expect(placeArguments({ home: '/a b', config: '/c.yaml' })).toEqual([
      '--home',
      '/a b',
      '--config',
      '/c.yaml',
    ]);
  });
});

test.each(['', 'relative', undefined])('programs that are run get a home from HOME=%o', (HOME) => {
  expect(programEnvironment({ PATH: '/bin', ...(HOME === undefined ? {} : { HOME }) })).toEqual({
    PATH: '/bin',
    HOME: userInfo().homedir,
  });
});

const program = await buildCommand();

describe('the command in a folder that somebody has prepared', () => {
  const trap = 'providers: [this configuration is a trap]\n';

  async function run(args: string[], environment: Record<string, string>) {
    const cwd = await newFolder();
    for (const place of ['.config/latchkey', 'latchkey', '.']) {
      await mkdir(join(cwd, place), { recursive: true });
      await writeFile(join(cwd, place, 'latchkey.yaml'), trap);
    }
    const before = (await readdir(cwd, { recursive: true })).toSorted();
    const child = spawn(process.execPath, [program, ...args], {
      cwd,
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect((await readdir(cwd, { recursive: true })).toSorted()).toEqual(before);
    return { said: out + err, cwd };
  }

  test.each([
    { HOME: '', LATCHKEY_CONFIG: '' },
    { HOME: '.', XDG_CONFIG_HOME: '.' },
    { HOME: '', LATCHKEY_CONFIG: 'latchkey.yaml' },
  ])('reads nothing of it with %o', async (environment) => {
    const { said, cwd } = await run(['config', 'check'], environment);
    expect(said).not.toContain('trap');
    expect(said).not.toContain(cwd);
    expect(said).toMatch(/LATCHKEY_CONFIG is no full path|\/\.config\/latchkey\/latchkey\.yaml/);
  });

  test.each([{ HOME: '', LATCHKEY_HOME: '' }, { LATCHKEY_HOME: 'latchkey' }])(
    'looks for no state in it with %o',
    async (environment) => {
      const { said, cwd } = await run(['status'], environment);
      expect(said).not.toContain(cwd);
      expect(said).toMatch(/LATCHKEY_HOME is no full path|No Latchkey is running for \//);
    },
  );
});
