import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { runCli } from '../../main/cli/program.ts';
import { loadedFrom } from '../../main/config/load.ts';
import { shownValues } from '../../main/config/origin.ts';
import { startWebServer } from '../organisation/web-server.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { noOrganisation } from '../support/layers.ts';
import { commandsIn } from './command-lines.ts';

const newFolder = useTemporaryFolders();
const page = readFileSync(new URL('../../docs/FLEET.md', import.meta.url), 'utf8');
const block = (info: string, containing: string): string =>
  [...page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].find(
    ([, found, text = '']) => found === info && text.includes(containing),
  )?.[2] ?? '';

it('an organisation is made from nothing by the commands of FLEET.md, and joined', async () => {
  const folder = await newFolder();
  const web = await startWebServer();
  const id = '5f1c2a3e-0000-4000-8000-000000000001';
  await writeFile(
    join(folder, 'fabrikam.yaml'),
    block('yaml organisation', 'vault-secret-id').replaceAll(/<[^>\n]* id>/g, id),
  );
  let fingerprint = '';
  let out = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const run = async (words: string[]): Promise<void> => {
    const places = ['--home', join(folder, 'home'), '--config', join(folder, 'latchkey.yaml')];
    const signal = new AbortController().signal;
    expect(
      await runCli([...words, ...places], { signal, organisation: noOrganisation }),
      words.join(' '),
    ).toBe(0);
  };
  /** The words of a line, with the files in the folder. */
  const wordsOf = (line: string): string[] =>
    [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word = '']) => {
      const text = (quoted ?? word).replace('<fingerprint>', fingerprint);
      return /^[\w-]+\.(key|yaml|jws)$/.test(text) ? join(folder, text) : text;
    });
  try {
    const lines = commandsIn(block('', 'bundle keygen'));
    expect(lines).toHaveLength(3);
    await run(['config', 'check', '--organisation', join(folder, 'fabrikam.yaml')]);
    for (const line of lines) {
      await run(wordsOf(line));
      fingerprint = /Fingerprint: (\S+)/.exec(out)?.[1] ?? fingerprint;
    }
    web.text = readFileSync(join(folder, 'latchkey.jws'), 'utf8');
    await run(['join', `${web.url}#${fingerprint}`, '--yes']);
    await run(['config', 'show', '--origin']);
    expect(out).toContain('Fabrikam');
    expect(out).toContain(web.url);
  } finally {
    spy.mockRestore();
    errors.mockRestore();
    await web.close();
  }
});

it('what it says of updates is what an organisation can set, lock and have shown', () => {
  const section = page.split(/^### 5\. Updates$/m)[1]?.split(/^### /m)[0] ?? '';
  for (const words of ['`enabled: false`', '`version`', '`server`', '`locked: [updates]`'])
    expect(section.replaceAll(/\s+/g, ' ')).toContain(words);
  const organisation = {
    text: 'locked: [updates]\nupdates: {enabled: false, version: 1.4.2, server: https://software.fabrikam.example/}',
    origin: '/etc/latchkey/organisation.yaml',
  };
  const person = 'providers: []\nupdates: {enabled: true, channel: beta, version: 9.9.9}';
  const loaded = loadedFrom({ person, organisation }, 'x');
  expect(loaded.configuration.updates).toEqual({
    enabled: false,
    channel: 'stable',
    version: '1.4.2',
    server: 'https://software.fabrikam.example/',
  });
  const shown = shownValues(loaded).filter(({ key }) => key.startsWith('updates.'));
  expect(shown.map(({ key, origin, locked }) => [key, origin, locked])).toEqual([
    ['updates.enabled', 'organisation', true],
    ['updates.channel', 'built-in', true],
    ['updates.version', 'organisation', true],
    ['updates.server', 'organisation', true],
  ]);
});
