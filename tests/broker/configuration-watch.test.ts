import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchConfiguration, type ConfigurationWatch } from '../../main/broker/configuration-watch.ts';
import { configurationTexts, hashOf, loadedFrom } from '../../main/config/load.ts';
import { soon } from '../support/latchkey.ts';
import { ownFile } from '../support/layers.ts';

const text = 'providers: []\ntokens: {lifetime: 15m}\n';
const other = text.replace('15m', '10m');
const faulty = text.replace('15m', 'soon');
const times = { settle: 100, fault: 1500 };

let folder: string;
let file: string;
let watch: ConfigurationWatch | undefined;
let said: string[];
let loads: string[];
/** The file counts from now on, without the watch. */
let loadNow: (path: string) => Promise<void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-watch-'));
  file = join(folder, 'latchkey.yaml');
  await writeFile(file, text);
  said = [];
  loads = [];
});
afterEach(async () => {
  await watch?.close();
  await rm(folder, { recursive: true });
});

/** On the file as it is now; what is loaded counts from then on. */
async function watched(reload: 'ask' | 'automatic' = 'ask', path = file): Promise<ConfigurationWatch> {
  loadNow = async (from) => {
    inForce.hash = hashOf(await configurationTexts(ownFile(from)));
    inForce.configuration = { reload };
  };
  const inForce = { hash: '', configuration: { reload } };
  await loadNow(path);
  watch = watchConfiguration({
    source: ownFile(path),
    inForce,
    reload: {
      async load(how) {
        loads.push(how);
        await loadNow(path);
        return { changes: [], ended: 0, needsRestart: [], warnings: [] };
      },
      async preview(found) {
        const { tokens } = loadedFrom(found, path).configuration;
        return { changes: [`tokens ${tokens.lifetime}`], ends: () => 2 };
      },
      needsRestart: () => [],
    },
    changed: () => undefined,
    log: (line) => said.push(line),
    times,
  });
  return watch;
}

const changeOf = (found: ConfigurationWatch) => found.state().configurationChange;

it('is over with a load, whatever is loaded after that', async () => {
  const found = await watched();
  await writeFile(file, other);
  await expect.poll(() => changeOf(found), soon).toBeDefined();
  await loadNow(file);
  expect(changeOf(found)).toBeUndefined();
  await writeFile(file, text);
  await loadNow(file);
  expect(changeOf(found)).toBeUndefined();
});

it('a change is told, and told no more when it is taken back', async () => {
  const found = await watched();
  expect(changeOf(found)).toBeUndefined();
  await writeFile(file, other);
  await expect.poll(() => changeOf(found), soon).toEqual({ changes: ['tokens 10m'], ends: 2 });
  await writeFile(file, text);
  await expect.poll(() => changeOf(found), soon).toBeUndefined();
  expect(said).toEqual([
    'The configuration file has changed (tokens 10m). Apply it with: latchkey config reload',
  ]);
  expect(loads).toEqual([]);
});

it('counts at once where the configuration says so, and nothing is asked', async () => {
  const found = await watched('automatic');
  await writeFile(file, other);
  await expect.poll(() => loads, soon).toEqual(['automatic']);
  await expect.poll(() => changeOf(found), soon).toBeUndefined();
});

it('a file that is written in steps is no fault on the way', async () => {
  const found = await watched('automatic');
  // Emptied first, then filled bit by bit: none of it is a configuration before the end.
  for (const part of ['', 'providers: [', 'providers: []\ntokens: {life', other]) {
    await writeFile(file, part);
    await sleep(times.settle / 2);
  }
  await expect.poll(() => loads, soon).toEqual(['automatic']);
  await expect.poll(() => changeOf(found), soon).toBeUndefined();
  expect(said).toEqual([]);
});

it('a fault that stays is told once, with its line, and what comes after it counts', async () => {
  const found = await watched('automatic');
  await writeFile(file, faulty);
  await expect.poll(() => changeOf(found)?.problem?.message, soon).toContain('line 2: tokens.lifetime');
  expect(loads).toEqual([]);
  await writeFile(file, `${faulty}# still\n`);
  await expect.poll(() => said.length, soon).toBe(2);
  await writeFile(file, other);
  await expect.poll(() => loads, soon).toEqual(['automatic']);
  await expect.poll(() => changeOf(found), soon).toBeUndefined();
});

it('another file that takes the name, a link that is turned, and a file that goes are noticed', async () => {
  const link = join(folder, 'link.yaml');
  await symlink(file, link);
  const found = await watched('ask', link);
  await writeFile(join(folder, 'new'), other);
  await rename(join(folder, 'new'), file);
  await expect.poll(() => changeOf(found)?.changes, soon).toEqual(['tokens 10m']);
  await writeFile(join(folder, 'elsewhere.yaml'), other.replace('10m', '5m'));
  await symlink(join(folder, 'elsewhere.yaml'), join(folder, 'turned'));
  await rename(join(folder, 'turned'), link);
  await expect.poll(() => changeOf(found)?.changes, soon).toEqual(['tokens 5m']);
  await rm(link);
  await expect.poll(() => changeOf(found)?.problem?.code, soon).toBe('config-unreadable');
});

it('a change between the start and the first look is noticed too', async () => {
  const opening = watched();
  const found = await opening;
  await writeFile(file, other);
  await expect.poll(() => changeOf(found)?.changes, soon).toEqual(['tokens 10m']);
});
