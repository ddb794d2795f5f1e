import { randomBytes } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAesSeal, createMemorySeal } from '../../main/store/seal.ts';
import { refuseOtherKey } from '../../main/store/same-key.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import { useTemporaryFolders } from './temporary-folder.ts';

const newFolder = useTemporaryFolders();
const before = createAesSeal('key-file', randomBytes(32));
const other = createAesSeal('key-file', randomBytes(32));
const bytes = Uint8Array.of(1, 2, 3);
const refusal = expect.objectContaining({ code: 'seal-unavailable' });

async function stored(...names: string[]): Promise<string> {
  const folder = await newFolder();
  const store = createSecretStore({ folder, seal: before });
  for (const name of names) await store.set(name, bytes);
  return folder;
}

test('the key of before is taken, and another one refused, which moves nothing', async () => {
  const folder = await stored('one', 'two');
  await refuseOtherKey(folder, before);
  await expect(refuseOtherKey(folder, other)).rejects.toEqual(refusal);
  expect((await readdir(join(folder, 'key-file'))).toSorted()).toEqual(['one.sealed', 'two.sealed']);
});

test('any key is taken where nothing is stored, or nothing under a key file', async () => {
  await refuseOtherKey(await newFolder(), other);
  const folder = await newFolder();
  await mkdir(join(folder, 'key-file'));
  await writeFile(join(folder, 'key-file', 'one.sealed.quarantine-20260310T000000.000Z'), bytes);
  await refuseOtherKey(folder, other);
  await refuseOtherKey(await stored('one'), createMemorySeal('a test'));
});

test('one file that opens is enough, as is one of a later version', async () => {
  const folder = await stored('one', 'two');
  await writeFile(join(folder, 'key-file', 'one.sealed'), bytes);
  await refuseOtherKey(folder, before);

  // Whose key it is cannot be told of a form that is not known here: what reads it says that.
  await writeFile(join(folder, 'key-file', 'two.sealed'), Buffer.alloc(60, 2));
  await refuseOtherKey(folder, before);
});

test('a folder that cannot be read is told as that', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, 'key-file'), bytes);
  await expect(refuseOtherKey(folder, before)).rejects.toMatchObject({ code: 'store-failed' });
});
