import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runCli } from '../../main/cli/program.ts';
import { lockedDeadline, noOrganisation, organisationOf } from '../support/layers.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-show-'));
  file = join(folder, 'latchkey.yaml');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

async function latchkey(organisation: string | undefined, ...args: string[]) {
  const texts = { out: '', err: '' };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((texts.out += String(text))));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((texts.err += String(text))));
  const code = await runCli(['--config', file, ...args], {
    signal: new AbortController().signal,
    organisation: organisation === undefined ? noOrganisation : organisationOf(organisation),
  });
  vi.restoreAllMocks();
  return { code, ...texts };
}

it('config show: what counts, with where it comes from on request', async () => {
  await writeFile(file, 'session:\n  deadline: 12h\n  refreshGroups: 2m\n');
  const shown = await latchkey(lockedDeadline, 'config', 'show');
  expect(shown.code).toBe(0);
  expect(shown.out).toContain('session.deadline: 4h\nsession.refreshGroups: 2m\n');
  expect(shown.err).toBe(
    'session.deadline (line 2) does not count: your organisation has locked session.deadline (/etc/latchkey/organisation.yaml, line 1)\n',
  );
  const { out } = await latchkey(lockedDeadline, 'config', 'show', '--origin');
  expect(out).toMatch(
    /^session\.deadline: 4h +# organisation \/etc\/latchkey\/organisation\.yaml:2, locked$/m,
  );
  expect(out).toMatch(/^session\.refreshGroups: 2m +# person .*latchkey\.yaml:3$/m);
  expect(out).toMatch(/^tokens\.lifetime: 15m +# built-in$/m);
});

it('config show --json: the same as data, and the organisation', async () => {
  const { out } = await latchkey(lockedDeadline, 'config', 'show', '--json');
  expect(JSON.parse(out)).toMatchObject({
    organisation: { origin: '/etc/latchkey/organisation.yaml', locked: ['session.deadline'], forbid: [] },
    values: expect.arrayContaining([
      { key: 'tokens.lifetime', value: '15m', origin: 'built-in', locked: false },
    ]) as unknown[],
    warnings: [],
  });
});

it('without an organisation the file has to be there, and with one it may be missing', async () => {
  const { code, err } = await latchkey(undefined, 'config', 'check');
  expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('does not exist') as string });
  expect(await latchkey(lockedDeadline, 'config', 'check')).toMatchObject({ code: 0, err: '' });
});

it('config check --organisation: a file is checked before it is put where it counts', async () => {
  await writeFile(file, lockedDeadline);
  expect(await latchkey(undefined, 'config', 'check', '--organisation', file)).toMatchObject({ code: 0 });
  await writeFile(file, `${lockedDeadline}lokced: [session]`);
  expect(await latchkey(undefined, 'config', 'check', '--organisation', file)).toMatchObject({
    code: 2,
    err: expect.stringContaining('line 8: lokced is not a known key') as string,
  });
});
