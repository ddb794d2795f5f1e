import { readFile, stat, writeFile } from 'node:fs/promises';
import type { ActionHandlers } from '../contract/action-schemas.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ChosenFiles } from './chosen-files.ts';
import type { DesktopBroker } from './ports.ts';

/** Far more than lists of connections have. */
const longestList = 4 * 1024 * 1024;

/** The lists of other tools stay in this process: the window gets what is understood of them. */
export function connectionFiles(
  { actions, lists }: Pick<DesktopBroker, 'actions' | 'lists'>,
  files: ChosenFiles,
): ActionHandlers<'readImport' | 'saveExport'> {
  return {
    async readImport({ url }) {
      if (url !== undefined) {
        const found = lists.ofUrl(url);
        if (found !== undefined) return { list: found };
        throw new LatchkeyError('request-invalid', 'This is no address of a database.', {
          remedy: 'Paste one such as postgresql://host/database, mysql://host or jdbc:sqlserver://host.',
        });
      }
      const path = await files.open('Import connections');
      if (path === undefined) return {};
      return { list: lists.ofFile(await listText(path), `The file ${path}`) };
    },
    async saveExport({ names, portable }) {
      const { connections } = await actions.readConnections({});
      const wanted = connections.filter(({ name }) => names?.includes(name) ?? true);
      const path = await files.save('Export connections', 'latchkey-connections.yaml');
      if (path === undefined) return {};
      const text = lists.exportText(
        wanted.map(({ settings }) => settings),
        portable,
      );
      try {
        await writeFile(path, `${text.trimEnd()}\n`);
      } catch (cause) {
        throw new LatchkeyError('command-failed', `The file ${path} cannot be written.`, {
          remedy: 'Choose another place.',
          cause,
        });
      }
      return { path };
    },
  };
}

async function listText(path: string): Promise<string> {
  const fault = (what: string, cause?: unknown): LatchkeyError =>
    new LatchkeyError('request-invalid', `The file ${path} ${what}.`, {
      remedy: 'Choose the list of a SQL tool, or what Latchkey has exported.',
      cause,
    });
  try {
    if ((await stat(path)).size <= longestList) return await readFile(path, 'utf8');
  } catch (cause) {
    throw fault('cannot be read', cause);
  }
  throw fault('is too large for a list of connections');
}
