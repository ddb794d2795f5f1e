import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { runHere } from '../support/run-cli.ts';

const newFolder = useTemporaryFolders();

const run = (...args: string[]) => runHere(args);

async function world() {
  const folder = await newFolder();
  const [key, yaml, out] = ['organisation.key', 'fabrikam.yaml', 'fabrikam.jws'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(yaml, 'reload: automatic\n');
  const made = await run('bundle', 'keygen', key, '--json');
  const { fingerprint } = JSON.parse(made.out) as { fingerprint: string };
  const sign = (...more: string[]) =>
    run('bundle', 'sign', yaml, '--key', key, '--organisation', 'Fabrikam', '--out', out, ...more);
  const verify = (...more: string[]) => run('bundle', 'verify', out, '--key', fingerprint, ...more);
  return { folder, key, yaml, out, fingerprint, sign, verify };
}

describe('latchkey bundle', () => {
  it('makes a key, signs a configuration with it, and verifies that', async () => {
    const { key, out, fingerprint, sign, verify } = await world();
    if (process.platform !== 'win32') expect((await stat(key)).mode & 0o777).toBe(0o600);
    expect(fingerprint).toMatch(/^[\w-]{43}$/);
    const next = 'A'.repeat(43);
    const signed = await sign('--serial', '3', '--not-after', '2999-01-31', '--next-key', next);
    expect(signed.code).toBe(0);
    expect(signed.out).toContain(`${out}: serial number 3, signed with the key ${fingerprint}.`);
    expect((await verify()).out).toMatch(
      new RegExp(
        `Organisation: Fabrikam\nSerial number 3, issued .*, good until 2999-01-31.*\nNext key: ${next}`,
      ),
    );
    const { out: told } = await verify('--json');
    expect(JSON.parse(told)).toMatchObject({ serial: 3, organisation: 'Fabrikam', nextKey: next });
    expect(await verify('--configuration')).toMatchObject({ code: 0, out: 'reload: automatic\n\n' });
  });

  it('counts on by itself, and refuses to go back', async () => {
    const { sign, out } = await world();
    expect((await sign()).code).toBe(0);
    const first = await readFile(out, 'utf8');
    expect((await sign('--serial', '7')).err).toMatch(/who has joined would refuse it[^]*--serial/);
    expect(await readFile(out, 'utf8')).toBe(first);
    expect((await sign('--serial', `${Number.MAX_SAFE_INTEGER}`)).code).toBe(0);
  });

  it('leaves a key that is there as it is', async () => {
    const { key } = await world();
    const before = await readFile(key, 'utf8');
    const again = await run('bundle', 'keygen', key);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('is there already') });
    expect(await readFile(key, 'utf8')).toBe(before);
  });

  it.runIf(process.platform !== 'win32')('signs with no key that others may read', async () => {
    const { key, sign } = await world();
    await chmod(key, 0o644);
    expect((await sign()).err).toMatch(/may be read by other users[^]*chmod 600/);
  });

  it.each([
    [['--serial', '0'], /--serial takes/],
    [['--serial', '1.5'], /--serial takes/],
    [['--not-after', 'soon'], /no time to come/],
    [['--not-after', '2020-01-01'], /no time to come/],
    [['--next-key', 'abc'], /no fingerprint/],
    [['--key', '/nonexistent'], /cannot be read/],
  ])('does not sign with %j', async (more, message) => {
    const { sign, out } = await world();
    const refused = await sign(...more);
    expect(refused.code).toBeGreaterThan(0);
    expect(refused.err).toMatch(message);
    await expect(stat(out)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('does not sign with what is no key, and verifies nothing with another', async () => {
    const { yaml, out, sign, verify, folder } = await world();
    expect((await sign('--key', yaml)).code).toBeGreaterThan(0);
    await chmod(yaml, 0o600);
    expect((await sign('--key', yaml)).err).toMatch(/no private Ed25519 key/);
    await sign();
    const other = join(folder, 'other.key');
    const { fingerprint } = JSON.parse((await run('bundle', 'keygen', other, '--json')).out);
    expect((await run('bundle', 'verify', out, '--key', fingerprint)).err).toMatch(/is signed with the key/);
    await writeFile(out, (await readFile(out, 'utf8')).slice(0, -10));
    expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('only a part of one') });
    expect((await run('bundle', 'verify', join(folder, 'gone'), '--key', fingerprint)).code).toBe(2);
  });
});
