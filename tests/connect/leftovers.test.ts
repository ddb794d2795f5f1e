import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settingsFolders } from '../../main/connect/settings-folders.ts';
import { createLatchkey, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';

let home: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'lk-left-')));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** What a crash in the middle of a save leaves beside `path`. @param hours ago */
function leave(path: string, hours: number): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const file = join(home, dirname(path), `.${name}.0123456789abcdef.latchkey-tmp`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'localhost:6432:sales:ada:lkh_secret\n', { mode: 0o600 });
  const then = Date.now() / 1000 - hours * 3600;
  utimesSync(file, then, then);
  return file;
}

it('looks for folders that are not there without a failure that nobody catches', async () => {
  const uncaught: unknown[] = [];
  const note = (reason: unknown): number => uncaught.push(reason);
  process.on('unhandledRejection', note);
  try {
    for (let round = 0; round < 100; round += 1) expect((await settingsFolders()).length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    process.off('unhandledRejection', note);
  }
  expect(uncaught).toEqual([]);
});

describeWith([parts.postgres], 'what a crash has left beside the files of tools', () => {
  describe('is removed', () => {
    it('at the start of the broker, also behind a link; what may be in use stays', async () => {
      const old = [
        '.pgpass',
        '.my.cnf',
        'Latchkey/sales-pgadmin.json',
        '.local/share/DBeaverData/workspace6/General/.dbeaver/data-sources-sales.json',
        '.var/app/io.dbeaver.DBeaverCommunity/data/DBeaverData/workspace6/General/.dbeaver/data-sources-sales.json',
      ].map((path) => leave(path, 2));
      mkdirSync(join(home, 'dotfiles'));
      writeFileSync(join(home, 'dotfiles/service'), '');
      symlinkSync('dotfiles/service', join(home, '.pg_service.conf'));
      old.push(leave('dotfiles/service', 2));
      const young = leave('.pg_service.conf', 0.1);
      const own = join(home, '.pgpass.latchkey-tmp');
      writeFileSync(own, '');
      const world = await startWorld();
      try {
        const latchkey = await createLatchkey(world, { started: false });
        Object.assign(latchkey.commandLine.env, { HOME: home, XDG_DATA_HOME: undefined });
        await latchkey.serve.start();
        await latchkey.close();
        expect(old.filter((file) => existsSync(file))).toEqual([]);
        expect([existsSync(young), existsSync(own)]).toEqual([true, true]);
      } finally {
        await world.close();
      }
    });
  });
});
