import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOTP } from 'otpauth';
import type { Enrolment } from '../../main/contract/shapes.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import {
  createLatchkey,
  startCommand,
  type Latchkey,
  type World,
  writeKeyFile,
} from '../support/latchkey.ts';

export const ada = 'ada@fabrikam.example';
export const accountPassword = 'a long enough break-glass password';

export interface AdministeredWorld {
  latchkey: Latchkey;
  post<T = object>(path: string, body: object): Promise<T>;
  /** Everything that administration could have changed, as one text. */
  footprint(): Promise<string>;
  /** Ada sets up an authenticator, which takes a sign-in of these minutes. */
  enrol(): Promise<{ recoveryCodes: string[]; totp: TOTP }>;
  /** Rewrites the configuration file. */
  edit(change: (text: string) => string): Promise<void>;
  close(): Promise<void>;
}

/** A broker with a key file whose configuration names the break-glass accounts "night" and "spare". */
export async function startAdministered(world: World): Promise<AdministeredWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'lk-admin-'));
  const keyFile = await writeKeyFile(folder);
  const latchkey = await createLatchkey(world, {
    started: false,
    configure(configuration) {
      const accounts = ['night', 'spare'].map((username) => ({
        username,
        groups: [fabrikam.groups.dataAnalysts],
      }));
      (configuration.providers as object[]).push({
        name: 'emergency',
        type: 'local',
        enabled: true,
        accounts,
      });
      configuration.session.refreshGroups = '1h';
    },
  });
  latchkey.commandLine.env['LATCHKEY_KEY_FILE'] = keyFile;
  const post = async <T = object>(path: string, body: object): Promise<T> =>
    (await (await latchkey.client()).post(path, body)) as T;
  return {
    latchkey,
    post,
    async footprint() {
      const sealed = join(latchkey.home, 'sealed');
      const names = await readdir(sealed, { recursive: true });
      // The sign-in itself changes while it is renewed.
      const kept = names.filter((name) => !/msal|session/.test(name)).toSorted();
      const digests = await Promise.all(
        kept.map(async (name) => {
          const bytes = await readFile(join(sealed, name)).catch(() => '');
          return `${name} ${createHash('sha256').update(bytes).digest('hex')}`;
        }),
      );
      const { providers, accounts } = await latchkey.state();
      return JSON.stringify(
        {
          config: await readFile(latchkey.config, 'utf8'),
          digests,
          providers,
          enrolled: accounts.map(({ secondFactor }) => [
            secondFactor?.totp.enrolled,
            secondFactor?.push.enrolled,
          ]),
          accounts: await (await latchkey.client()).get('/v1/local-accounts'),
        },
        undefined,
        1,
      );
    },
    async enrol() {
      const { uri } = await post<Enrolment>('/v1/mfa/totp/enrol', {});
      const totp = new TOTP({ secret: new URL(uri).searchParams.get('secret') ?? '' });
      const code = totp.generate();
      return { ...(await post<{ recoveryCodes: string[] }>('/v1/mfa/totp/confirm', { code })), totp };
    },
    async edit(change) {
      await writeFile(latchkey.config, change(await readFile(latchkey.config, 'utf8')));
    },
    async close() {
      await latchkey.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** `latchkey local …` for an account: gives password and first code, and reads the recovery codes. */
export async function setUpAccount(latchkey: Latchkey, ...args: string[]): Promise<string[]> {
  const command = startCommand(latchkey, ...args, '--json');
  command.child.stdin?.write(`${accountPassword}\n`);
  const { uri } = JSON.parse(await command.firstLine) as Enrolment;
  const totp = new TOTP({ secret: new URL(uri).searchParams.get('secret') ?? '' });
  command.child.stdin?.end(`${totp.generate()}\n`);
  const { code, out, err } = await command.ended;
  if (code !== 0) throw new Error(`${args.join(' ')}: ${err}`);
  return (JSON.parse(out.trim().split('\n').at(-1) ?? '') as { recoveryCodes: string[] }).recoveryCodes;
}
