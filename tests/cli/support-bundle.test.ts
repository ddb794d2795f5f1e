import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runCli } from '../../main/cli/program.ts';
import type { SupportBundle } from '../../main/contract/support-bundle.ts';
import { noOrganisation } from '../support/layers.ts';

let folder: string;
let config: string;
let home: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-support-'));
  config = join(folder, 'latchkey.yaml');
  home = join(folder, 'home');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

async function latchkey(...args: string[]) {
  const texts = { out: '', err: '' };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((texts.out += String(text))));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((texts.err += String(text))));
  const code = await runCli(['--config', config, '--home', home, 'support-bundle', ...args], {
    signal: new AbortController().signal,
    organisation: noOrganisation,
  });
  vi.restoreAllMocks();
  return { code, ...texts };
}

it('is made of the files where no Latchkey runs, with what is wrong and nothing of whoever it belongs to', async () => {
  const faulty = `
connections:
  - name: mallory-dwh
    protocol: postgresql
    port: "pa55word-of-mallory"
    password: hunter2-of-mallory
`;
  await writeFile(config, faulty);
  await mkdir(join(home, 'log'), { recursive: true });
  await mkdir(join(home, 'audit'));
  const line = `2026-03-10T09:00:00.000Z warn  mallory@corp.example came from ${folder}/x.`;
  await writeFile(join(home, 'log', 'latchkey.log'), `${line}\n`);
  const record = '{"v":1,"seq":1,"time":"2026-03-10T09:00:00.000Z","event":"start-failed"}';
  await writeFile(join(home, 'audit', 'audit-000001.jsonl'), `${record}\n${record}\nno record\n`);

  const { code, out } = await latchkey('--json');
  expect(code).toBe(0);
  const { bundle } = JSON.parse(out) as { bundle: SupportBundle };
  expect(bundle).toMatchObject({
    running: false,
    findings: [
      { name: 'broker', result: 'failed' },
      { name: 'configuration', result: 'failed', message: expect.stringContaining('line 5') as string },
    ],
    audit: { files: 1, records: { 'start-failed': 2 } },
    log: [
      expect.stringMatching(/^2026-03-10T09:00:00.000Z warn {2}user-\d+ came from file-\d+\.$/) as string,
    ],
  });
  expect(out).not.toMatch(/mallory|hunter2|pa55word|corp\.example/);
  expect(out).not.toContain(folder);
});

it('is printed to be looked at, or written into a new file for its owner alone', async () => {
  await writeFile(config, 'providers: []\n');
  const printed = await latchkey();
  expect(JSON.parse(printed.out)).toMatchObject({ running: false, configuration: { providers: [] } });

  const file = join(folder, 'bundle.json');
  const written = await latchkey('--output', file);
  expect(written).toMatchObject({
    code: 0,
    out: `Written to ${file}. Look through it before you send it.\n`,
  });
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ running: false });
  if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);

  const before = await readFile(file, 'utf8');
  const again = await latchkey('--output', file, '--json');
  expect(again.code).toBe(1);
  expect(again.err).toContain(`There is a file ${file} already.`);
  expect(await readFile(file, 'utf8')).toBe(before);
  expect((await latchkey('--output', join(folder, 'nowhere', 'x'))).err).toContain(
    'the folder does not exist',
  );
});
