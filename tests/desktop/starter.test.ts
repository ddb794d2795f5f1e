import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { createStarter, type StartActions } from '../../main/desktop/starter.ts';

const invalid = (file: string) =>
  new LatchkeyError('config-invalid', 'It has a fault.', {
    faults: [{ file, line: 3, text: 'port is wrong' }],
  });

async function create(outcomes: (Error | undefined)[], shown: string[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'lk-starter-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'latchkey.yaml');
  const opened: string[] = [];
  const failures: unknown[] = [];
  let starts = 0;
  const starter = createStarter({
    async start() {
      const outcome = outcomes[starts++];
      if (outcome !== undefined) throw outcome;
    },
    configuration: { path, create: () => writeFile(path, 'providers: []\n') },
    async openFile(file) {
      opened.push(file);
      return file.endsWith('.org') ? 'no program for it' : '';
    },
    shownFiles: () => shown,
    failed: (error) => failures.push(error),
  });
  const actions: StartActions = starter.actions;
  return { starter, actions, path, opened, failures, starts: () => starts };
}

test('a start that fails is tried again in the same process, and no more once it runs', async () => {
  const fault = invalid('/etc/o.yaml');
  const { starter, actions, path, failures, starts } = await create([fault]);
  expect(await starter.run()).toMatchObject({
    kind: 'failed',
    file: path,
    isThere: false,
    problem: { code: 'config-invalid', faults: [{ file: '/etc/o.yaml', line: 3, text: 'port is wrong' }] },
  });
  expect(failures).toEqual([fault]);
  expect(starter.hasFailed()).toBe(true);
  expect(await actions.getStart({})).toMatchObject({ kind: 'failed' });
  expect(starts()).toBe(1);
  expect(await actions.tryStart({})).toEqual({ kind: 'running' });
  expect(starter.hasFailed()).toBe(false);
  await actions.tryStart({});
  expect(starts()).toBe(2);
});

test('two who ask at once share one try', async () => {
  const { starter, actions, starts } = await create([undefined]);
  await Promise.all([starter.run(), actions.tryStart({}), actions.getStart({})]);
  expect(starts()).toBe(1);
});

test('an empty configuration is written where the person asks for it', async () => {
  const gone = new LatchkeyError('config-unreadable', 'It does not exist.');
  const { actions } = await create([gone, gone, undefined]);
  expect(await actions.tryStart({})).toMatchObject({ isThere: false });
  expect(await actions.tryStart({ create: true })).toMatchObject({ isThere: true });
  expect(await actions.tryStart({})).toEqual({ kind: 'running' });
});

test('the page has no file opened but those of the configuration', async () => {
  const { starter, actions, path, opened } = await create([invalid('/etc/settings.org')]);
  await starter.run();
  await actions.openConfiguration({});
  await actions.openConfiguration({ file: path });
  await expect(actions.openConfiguration({ file: '/etc/passwd' })).rejects.toMatchObject({
    code: 'request-refused',
  });
  await expect(actions.openConfiguration({ file: '/etc/settings.org' })).rejects.toThrow('no program for it');
  expect(opened).toEqual([path, path, '/etc/settings.org']);
});

test('once Latchkey runs, the page has those opened that are shown with a fault, and no more those of the start', async () => {
  const shown: string[] = [];
  const { starter, actions, opened } = await create([invalid('/etc/settings.yaml')], shown);
  await starter.run();
  await actions.tryStart({});
  const refused = expect.objectContaining({ code: 'request-refused' }) as Error;
  await expect(actions.openConfiguration({ file: '/etc/settings.yaml' })).rejects.toEqual(refused);
  shown.push('/etc/settings.yaml');
  await actions.openConfiguration({ file: '/etc/settings.yaml' });
  expect(opened).toEqual(['/etc/settings.yaml']);
});
