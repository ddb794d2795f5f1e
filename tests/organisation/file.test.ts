import { execFile } from 'node:child_process';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readOrganisationAddress } from '../../main/organisation/address.ts';
import { keptOrganisation } from '../../main/organisation/kept.ts';
import { openMembership } from '../../main/organisation/membership.ts';
import { readBundle } from '../../main/organisation/read-file.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { signer } from './bundles.ts';

const newFolder = useTemporaryFolders();
const ours = signer();

async function written(text: string) {
  const folder = await newFolder();
  const path = join(folder, 'settings of # fabrikam.jws');
  await writeFile(path, text);
  const url = pathToFileURL(path).href;
  return { folder, path, url, address: `${url}#${ours.fingerprint}` };
}

describe('the address of a bundle in a file', () => {
  it('is of this computer, and has the fingerprint of its key', () => {
    expect(readOrganisationAddress(`file:///home/ada/x.jws#${ours.fingerprint}`)).toEqual({
      url: 'file:///home/ada/x.jws',
      fingerprint: ours.fingerprint,
    });
    for (const wrong of [
      'file:///home/ada/x.jws',
      `file:///home/ada/x.jws#${ours.fingerprint.slice(1)}`,
      `file://server/share/x.jws#${ours.fingerprint}`,
      `file:////server/share/x.jws#${ours.fingerprint}`,
      `file:///%5c%5cserver/share/x.jws#${ours.fingerprint}`,
      `file:\\\\server\\share\\x.jws#${ours.fingerprint}`,
      `latchkey://join?address=${encodeURIComponent(`file:///home/ada/x.jws#${ours.fingerprint}`)}`,
    ])
      expect(() => readOrganisationAddress(wrong), wrong).toThrow(/organisation's address/);
  });
});

describe('a bundle in a file', () => {
  it('is read, and again only where it says something else', async () => {
    const { url, path } = await written('one');
    const first = await readBundle(url);
    expect(first).toMatchObject({ text: 'one' });
    expect(await readBundle(url, first?.etag)).toBeUndefined();
    await writeFile(path, 'two');
    expect(await readBundle(url, first?.etag)).toMatchObject({ text: 'two' });
    await rm(path);
    expect(await readBundle(url, first?.etag)).toBeUndefined();
    await expect(readBundle(url)).rejects.toMatchObject({ code: 'bundle-unreachable' });
  });

  it('that is too large, a folder, a pipe or a device is refused, and nobody waits for it', async () => {
    const { folder, url, path } = await written('');
    await truncate(path, 1024 * 1024 + 1);
    await expect(readBundle(url)).rejects.toMatchObject({ code: 'bundle-invalid' });
    const pipe = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    for (const other of [folder, pipe, '/dev/zero'])
      await expect(readBundle(pathToFileURL(other).href), other).rejects.toMatchObject({
        code: 'bundle-invalid',
      });
  });
});

it('an organisation is joined by a file under the same checks, and counts on without it', async () => {
  const { path, address, folder } = await written(ours.bundle());
  const events: unknown[] = [];
  const membership = await openMembership({
    kept: keptOrganisation(folder),
    fetch: async () => {
      throw new Error('no server is asked');
    },
    audit: { append: async (event) => void events.push(event.event) },
    mayJoin: async () => undefined,
    checkBundle: () => undefined,
    checkWithPerson: async () => undefined,
    apply: async () => undefined,
    changed: () => undefined,
    log: () => undefined,
    now: () => Date.parse('2026-12-01T00:00:00Z'),
    nextLook: () => 2 ** 30,
  });
  const codeOf = (of: string) =>
    membership.join(of).then(
      () => 'joined',
      ({ code }: { code: string }) => code,
    );
  expect(await codeOf(address.replace(ours.fingerprint, signer().fingerprint))).toBe('bundle-wrong-key');
  await writeFile(path, ours.bundle().replace(/.{5}$/, 'AAAAA'));
  expect(await codeOf(address)).toBe('bundle-invalid');
  await writeFile(path, ours.bundle({ serial: 7 }));
  expect((await membership.join(address)).payload.serial).toBe(7);

  await writeFile(path, ours.bundle({ serial: 6 }));
  await membership.refresh();
  expect(membership.state()).toMatchObject({ serial: 7, problem: { code: 'bundle-older' } });
  await writeFile(path, ours.bundle({ serial: 8 }));
  await membership.refresh();
  expect(membership.state()).toMatchObject({ serial: 8 });
  await rm(path);
  await membership.refresh();
  expect(membership.state()?.problem).toBeUndefined();
  expect(await membership.leave()).toBe('Fabrikam');
  await membership.close();
  expect(events).toEqual([
    'organisation-refused',
    'organisation-refused',
    'organisation-joined',
    'organisation-refused',
    'organisation-changed',
    'organisation-left',
  ]);
});
