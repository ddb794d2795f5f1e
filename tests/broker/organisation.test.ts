import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { OrganisationSource } from '../../main/config/load.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { startHeadless } from '../../main/headless.ts';
import { createLog } from '../../main/log/log.ts';
import type { Runtime } from '../../main/runtime.ts';
import { buildWorker } from '../support/builds.ts';
import { soon } from '../support/latchkey.ts';

const id = '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2';
const companys = (more: string) => `reload: automatic
providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/${id}
    applicationId: ${id}
${more}`;
const own = 'session:\n  deadline: 12h\n';

let folder: string;
let organisationFile: string;
let runtime: Runtime | undefined;
let log: string[];
const workerUrl = await buildWorker();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-'));
  organisationFile = join(folder, 'organisation.yaml');
  log = [];
  await writeFile(join(folder, 'latchkey.yaml'), own);
});
afterEach(async () => {
  await runtime?.close();
  runtime = undefined;
  await rm(folder, { recursive: true });
});

async function start(organisation: OrganisationSource): Promise<Runtime> {
  runtime = await startHeadless({
    configFile: join(folder, 'latchkey.yaml'),
    organisation,
    homePath: join(folder, 'home'),
    workerUrl,
    log: createLog({ stderr: { write: (line) => log.push(line) } }),
  });
  return runtime;
}

it('the broker runs on all layers, follows a change of the organisation’s, and keeps what counts where that cannot', async () => {
  let now: () => string = () => companys('locked: [session.deadline]\nsession: {deadline: 4h}');
  const { broker } = await start({
    read: async () => ({ text: now(), origin: organisationFile, folder }),
    files: [organisationFile],
  });
  const settings = () => broker.state().organisationSettings;
  expect(settings()).toEqual({
    origin: organisationFile,
    locked: ['session.deadline'],
    forbid: [],
    ignored: [
      `session.deadline (line 2) does not count: your organisation has locked session.deadline (${organisationFile}, line 7)`,
    ],
  });
  expect(log.join('')).toContain('session.deadline (line 2) does not count');
  expect(broker.state().providers).toMatchObject([{ name: 'fabrikam', organisation: { locked: [] } }]);

  // The watch looks at the file's times; what it says then comes from the source.
  now = () => companys('forbid: [providers]');
  await writeFile(organisationFile, 'changed');
  await expect.poll(settings, soon).toMatchObject({ locked: [], forbid: ['providers'], ignored: [] });
  expect(log.join('')).toContain('what the organisation locks and forbids');
  expect(broker.state().providers).toMatchObject([{ organisation: { locked: [''] } }]);

  now = () => {
    throw new LatchkeyError('organisation-untrusted', 'Others can write it.');
  };
  await expect(broker.reloadConfiguration('asked')).rejects.toMatchObject({ code: 'organisation-untrusted' });
  expect(settings()).toMatchObject({ forbid: ['providers'] });
});

it('settings that are not trusted end the start', async () => {
  const untrusted = new LatchkeyError('organisation-untrusted', 'Others can write it.');
  await expect(start({ read: () => Promise.reject(untrusted), files: [] })).rejects.toBe(untrusted);
});
