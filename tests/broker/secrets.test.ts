import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { SupportBundle } from '../../main/contract/support-bundle.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { createLatchkey, startWorld } from '../support/latchkey.ts';
import { describeWith, parts, type Part } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { huntSecrets, startForHunt } from './secret-hunt.ts';

const linux: Part = {
  name: '/proc',
  path: process.platform === 'linux' ? '/proc' : undefined,
  remedy: 'run the tests on Linux',
};

describeWith([parts.postgres, linux], 'secrets', () => {
  let key: string;

  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world, { started: false }));
  beforeAll(async () => {
    key = await startForHunt(latchkey);
  });

  it('are nowhere but where they belong', async () => {
    const { canaries, places, found } = await huntSecrets(latchkey, world, key);
    for (const [name, secret] of canaries)
      if (/^token \d|wrong token/.test(name)) expect(secret).toMatch(/^lk_\w{46}$/);
    expect(canaries.get('handle')).toMatch(/^lkh_\w+$/);
    expect(new Set(canaries.values()).size).toBe(13);
    // serve, and commands; the dump has the environment that it would have told.
    expect([...places.keys()].filter((place) => place.startsWith('process ')).length).toBeGreaterThan(5);
    expect(
      [...places.entries()].some(([place, text]) => place.includes('/dumps/') && text.includes('PATH')),
    ).toBe(true);
    expect(found).toEqual([]);
    expect([...places.keys()].filter((place) => place.includes('sealed'))).toHaveLength(10);
  });

  it('are not in a support bundle, and neither are names of people, groups, files and places', async () => {
    const { out, code } = await latchkey.run('support-bundle', '--json');
    expect(code).toBe(0);
    const { bundle } = JSON.parse(out) as { bundle: SupportBundle };
    expect(bundle).toMatchObject({
      running: true,
      state: { signIn: 'signed-in', accounts: [{ groups: expect.any(Number) as number }] },
      audit: { records: { 'login-allowed': expect.any(Number) as number } },
      configuration: { connections: [{ name: 'connection-1' }, { name: 'connection-2' }] },
    });
    expect(bundle.findings.length).toBeGreaterThan(5);
    expect(bundle.log.length).toBeGreaterThan(0);
    const { groups } = fabrikam;
    const ids = [fabrikam.tenantId, fabrikam.clientId, groups.dataAnalysts, groups.finance];
    const files = [latchkey.home, dirname(latchkey.config)];
    const untold = [...ids, ...files, 'ada@', 'ada marsh', 'fabrikam', 'sales', 'payroll'];
    for (const text of untold) expect(out.toLowerCase(), text).not.toContain(text.toLowerCase());
  });

  it('lie in files that nobody else can read', async () => {
    for (const name of await readdir(latchkey.home, { recursive: true })) {
      // What clients trust is no secret.
      if (name.startsWith('certificates')) continue;
      const { mode } = await stat(join(latchkey.home, name));
      const inClosedFolder = ((await stat(dirname(join(latchkey.home, name)))).mode & 0o077) === 0;
      expect({ name, open: (mode & 0o077) !== 0 && !inClosedFolder }).toEqual({ name, open: false });
    }
    for (const folder of ['', 'audit', 'sealed', 'run'])
      expect((await stat(join(latchkey.home, folder))).mode & 0o777).toBe(0o700);
    expect((await stat(join(latchkey.home, 'run', 'api.json'))).mode & 0o777).toBe(0o600);
  });
});
