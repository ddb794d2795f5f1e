import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { editYaml } from '../../main/config/yaml/edit.ts';
import { loadConfiguration, type LoadedConfiguration } from '../../main/config/load.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { ownFile } from '../support/layers.ts';

const text = `providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/72f988bf-0000-4000-8000-000000000001
    applicationId: 11111111-2222-4333-8444-555555555555
connections:
  - name: sales
    protocol: postgresql
    port: 15432
    upstream: {host: localhost, database: sales, tls: {mode: off}}
    rules: [{group: AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee, role: reader}]
  - name: store
    protocol: postgresql
    port: 15434
    upstream: {host: localhost, database: store, tls: {mode: off}}
    rules: [{group: AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee, role: reader}]
`;

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'lk-texts-'))));
afterAll(() => rm(folder, { recursive: true }));

async function loaded(bytes: Buffer | string): Promise<LoadedConfiguration> {
  const file = join(folder, 'latchkey.yaml');
  await writeFile(file, bytes);
  return loadConfiguration(ownFile(file));
}

async function refusal(bytes: Buffer | string): Promise<LatchkeyError> {
  try {
    await loaded(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(LatchkeyError);
    return error as LatchkeyError;
  }
  throw new Error('the configuration was accepted');
}

describe('a configuration in another encoding', () => {
  it.each([
    ['with its mark', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['without it', Buffer.from(text, 'utf16le')],
    ['big-endian', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
  ])('of 16 bits, %s, is told as that', async (_, bytes) => {
    const { code, faults, message } = await refusal(bytes);
    expect(code).toBe('config-invalid');
    expect(faults).toEqual([expect.objectContaining({ text: expect.stringContaining('UTF-16') as string })]);
    expect(message).not.toContain('\0');
  });

  it('of 8 bits leaves out the connection in which it would be another name, and no other', async () => {
    const { configuration, faulty } = await loaded(Buffer.from(text.replace('reader', 'prüfer'), 'latin1'));
    expect(configuration.connections.map(({ name }) => name)).toEqual(['store']);
    expect(faulty).toMatchObject([
      { problem: { faults: [{ line: 11, text: expect.stringContaining('is no UTF-8 text') as string }] } },
    ]);
    const { faults } = await refusal(Buffer.from(text.replace('name: fabrikam', 'name: fübrikam'), 'latin1'));
    expect(faults?.[0]).toMatchObject({ line: 2, text: expect.stringContaining('UTF-8') as string });
  });

  it('does no harm in a comment, nor does the mark of UTF-8', async () => {
    for (const bytes of [Buffer.from(`# prüfen\n${text}`, 'latin1'), Buffer.from(`\uFEFF${text}`)])
      expect((await loaded(bytes)).configuration.connections).toHaveLength(2);
  });
});

describe('a text that is no YAML', () => {
  it.each([
    ['a tab', text.replace('    port: 15432', '\tport: 15432'), 9, /tab .*use blanks/],
    ['a key twice', `${text}providers: []\n`, 17, /key providers .*already/],
    ['two documents', `${text}---\n${text}`, 17, /second document/],
    ['no blank behind a colon', text.replace('name: sales', 'name:sales'), 7, /a colon and a blank/],
    ['a colon in a text', text.replace('sales, tls', 'x').replace('15434', 'a: b'), 14, /in quotes/],
    ['a path of Windows', `${text}api: {x: "C:\\Users\\x"}\n`, 17, /single quotes/],
  ])('says what is to be done: %s', async (_, wrong, line, expected) => {
    const { code, faults = [] } = await refusal(wrong);
    expect(code).toBe('config-invalid');
    const lines = faults.map((fault) => fault.line);
    expect(lines).toContain(line);
    expect(new Set(lines).size).toBe(lines.length);
    expect(faults.find((fault) => fault.line === line)?.text).toMatch(expected);
    // A change of the file says the same.
    expect(() => editYaml(wrong, {}, 'x')).toThrow(faults[0]?.text);
  });

  it('is told with a handful of faults, however long it is', async () => {
    const { faults } = await refusal('} x: {\n'.repeat(2_000));
    expect(faults?.length).toBeLessThanOrEqual(5);
  });
});

it('a number where a text belongs is to be put in quotes', async () => {
  const { faulty } = await loaded(text.replace('role: reader', 'role: 2024'));
  expect(faulty[0]?.problem.faults?.[0]?.text).toMatch(/must be a text, not 2024; write it in quotes/);
});

it('a path of Windows whose \\t or \\n became a tab or a line break is no name of a file', async () => {
  const wrong = text.replace('mode: off', 'caFile: "C:\\temp\\new.pem"');
  expect((await loaded(wrong)).faulty[0]?.problem.faults?.[0]).toMatchObject({
    line: 10,
    text: expect.stringContaining('single quotes') as string,
  });
  expect((await loaded(wrong.replaceAll('"', "'"))).faulty).toEqual([]);
});
