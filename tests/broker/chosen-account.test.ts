import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ChosenAccount } from '../../main/broker/chosen-account.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';

const newFolder = useTemporaryFolders();
const account = {
  provider: 'contoso',
  tenantId: 't',
  objectId: 'o',
  username: 'ada@contoso.example',
  displayName: 'Ada',
};

test('is there again after a restart, and can be forgotten', async () => {
  const home = await newFolder();
  const log: string[] = [];
  const open = () =>
    ChosenAccount.open(
      home,
      () => undefined,
      (line) => log.push(line),
    );
  await (await open()).choose(account);
  const chosen = await open();
  expect(chosen.account).toEqual(account);
  await chosen.choose(undefined);
  expect((await open()).account).toBeUndefined();
  await writeFile(join(home, 'account.json'), 'no json');
  expect((await open()).account).toBeUndefined();
  expect(log).toEqual([]);
});

test('one that a newer version has written counts for none and is left as it is', async () => {
  const home = await newFolder();
  const file = join(home, 'account.json');
  const text = JSON.stringify({ version: 2, account });
  await writeFile(file, text);
  const chosen = await ChosenAccount.open(
    home,
    () => undefined,
    () => undefined,
  );
  expect(chosen.account).toBeUndefined();
  await expect(chosen.choose(account)).rejects.toMatchObject({ code: 'stored-newer' });
  expect(await readFile(file, 'utf8')).toBe(text);
});
