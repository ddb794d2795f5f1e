import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Under which the packages of the servers let them run: Linux, and macOS with its underscore. */
const serverAccounts = new Set(['postgres', 'mysql', 'mssql', '_postgres', '_mysql']);
const lookUpMs = 5000;

interface Account {
  name: string;
  uid: number;
}

/** passwd(5); accounts of a directory are not in there. Empty where the file cannot be read. */
async function localAccounts(): Promise<Account[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = ''] = line.split(':');
    return /^\d+$/.test(uid) ? [{ name, uid: Number(uid) }] : [];
  });
}

let serverIds: Promise<number[]> | undefined;

/**
 * User ids of the accounts that database servers of this computer run as. Read once, at the first login that needs them:
 * reading the file at each login took more than all the rest of the look at a server. Where it could not be read, the
 * next login tries again.
 */
export function serverAccountIds(): Promise<number[]> {
  serverIds ??= localAccounts().then((accounts) => {
    if (accounts.length === 0) serverIds = undefined;
    return accounts.filter(({ name }) => serverAccounts.has(name)).map(({ uid }) => uid);
  });
  return serverIds;
}

/** For sentences: "postgres", or "the user with id 1005" where no name is known. */
export async function accountName(uid: number): Promise<string> {
  const found = (await localAccounts()).find((account) => account.uid === uid);
  return found === undefined ? `the user with id ${uid}` : `the user "${found.name}"`;
}

/** The id of an account by its name, also of one that a directory (LDAP, Entra ID) keeps; undefined where there is none. */
export async function accountId(name: string): Promise<number | undefined> {
  const found = (await localAccounts()).find((account) => account.name === name);
  if (found !== undefined) return found.uid;
  const { stdout } = await promisify(execFile)('id', ['-u', '--', name], { timeout: lookUpMs }).catch(() => ({
    stdout: '',
  }));
  return /^\d+\s*$/.test(stdout) ? Number(stdout) : undefined;
}
