import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDemo } from '../../main/desktop/demo.ts';
import { soon } from '../support/latchkey.ts';

let folder: string;
let record: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-demo-start-'));
  record = join(folder, 'record');
});
afterEach(async () => {
  const pid = Number((await readFile(record, 'utf8').catch(() => '')).split('\n')[0]);
  if (pid > 0) spawnSync('kill', ['-9', String(pid)]);
  await rm(folder, { recursive: true, force: true });
});

/** A program in the place of the demo, which notes its process and what it was told of places. */
async function demo(body: string) {
  const file = join(folder, 'demo.mjs');
  await writeFile(
    file,
    `import { writeFileSync } from 'node:fs';
     writeFileSync(${JSON.stringify(record)}, [process.pid, process.env.LATCHKEY_HOME ?? 'none', ...process.argv.slice(2)].join('\\n'));
     ${body}`,
  );
  return createDemo([process.execPath, file, 'demo']);
}

const goesOn = `console.log('Starting …'); console.log('The desktop application is running.'); setInterval(() => undefined, 1000);`;

test('it has started when its window is there; a second one is not started beside it', async () => {
  const home = process.env['LATCHKEY_HOME'];
  process.env['LATCHKEY_HOME'] = '/this/application';
  try {
    const one = await demo(goesOn);
    await Promise.all([one.start(), one.start()]);
    expect((await readFile(record, 'utf8')).split('\n').slice(1)).toEqual(['none', 'demo']);
    await expect(one.start()).rejects.toMatchObject({
      code: 'request-invalid',
      message: 'The demo is running already.',
    });
  } finally {
    if (home === undefined) delete process.env['LATCHKEY_HOME'];
    else process.env['LATCHKEY_HOME'] = home;
  }
});

test('one that has ended may be started again', async () => {
  const one = await demo(`console.log('The desktop application is running.');`);
  await one.start();
  await expect
    .poll(
      () =>
        one.start().then(
          () => 'started',
          ({ code }: { code: string }) => code,
        ),
      soon,
    )
    .toBe('started');
});

test.each([
  ['ends', `console.error('There is no disk.'); process.exitCode = 1;`, 'There is no disk.'],
  [
    'finds no screen',
    `console.log('The broker is running without a screen (there is no screen).'); setInterval(() => undefined, 1000);`,
    'The broker is running without a screen (there is no screen).',
  ],
])('one that %s says why', async (_, body, why) => {
  const one = await demo(body);
  await expect(one.start()).rejects.toMatchObject({
    code: 'command-failed',
    message: 'The demo did not start.',
    remedy: `${why} In a terminal, "latchkey demo" shows how far it comes.`,
  });
});

test('a program that there is not is told, too', async () => {
  await expect(createDemo([join(folder, 'none')]).start()).rejects.toMatchObject({
    code: 'command-failed',
    remedy: expect.stringContaining('ENOENT') as string,
  });
});
