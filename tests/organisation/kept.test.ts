import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keptOrganisation } from '../../main/organisation/kept.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { signer } from './bundles.ts';

const newFolder = useTemporaryFolders();
const url = 'https://settings.fabrikam.example/latchkey.jws';
const now = Date.parse('2026-12-01T00:00:00Z');
const older = { code: 'bundle-older' };
const wrongKey = { code: 'bundle-wrong-key' };

async function world() {
  const folder = await newFolder();
  const ours = signer();
  const address = { url, fingerprint: ours.fingerprint };
  const kept = keptOrganisation(folder);
  const keep = (text: string, etag?: string) =>
    kept.keep(address, etag === undefined ? { text } : { text, etag }, now);
  return { folder, ours, address, kept, keep };
}

describe('what is kept of an organisation', () => {
  it('is the last bundle with its address and version, for the next start', async () => {
    const { folder, ours, address, kept, keep } = await world();
    expect(await kept.joined()).toBeUndefined();
    await keep(ours.bundle(), '"1"');
    const text = ours.bundle({ serial: 8 });
    await keep(text, '"2"');
    expect(await keptOrganisation(folder).joined()).toMatchObject({
      address,
      text,
      etag: '"2"',
      joinedAt: '2026-12-01T00:00:00.000Z',
      bundle: { payload: { serial: 8, organisation: 'Fabrikam' } },
    });
    if (process.platform !== 'win32') expect((await stat(kept.file)).mode & 0o777).toBe(0o600);
  });

  it('never goes back, also after leaving and joining anew, and at another address', async () => {
    const { ours, address, kept, keep } = await world();
    await keep(ours.bundle());
    await expect(keep(ours.bundle({ serial: 6 }))).rejects.toMatchObject(older);
    await kept.forget();
    expect(await kept.joined()).toBeUndefined();
    await expect(keep(ours.bundle({ serial: 6 }))).rejects.toMatchObject(older);
    const elsewhere = { ...address, url: 'https://other.example/' };
    await expect(kept.keep(elsewhere, { text: ours.bundle({ serial: 6 }) }, now)).rejects.toMatchObject(
      older,
    );
    await expect(keep(ours.bundle({ configuration: '' }))).rejects.toMatchObject(older);
    expect(await kept.joined()).toBeUndefined();
    await keep(ours.bundle());
    expect((await kept.joined())?.bundle.payload.serial).toBe(7);
  });

  it('of two at once, the older one does not come last', async () => {
    const { ours, kept, keep } = await world();
    const [, older] = await Promise.allSettled([keep(ours.bundle({ serial: 9 })), keep(ours.bundle())]);
    expect(older.status).toBe('rejected');
    expect((await kept.joined())?.bundle.payload.serial).toBe(9);
  });

  it('goes over to the next key once, and not back', async () => {
    const { ours, address, kept, keep } = await world();
    const next = signer();
    const stranger = signer();
    await keep(ours.bundle());
    await expect(keep(next.bundle({ serial: 8 }))).rejects.toMatchObject(wrongKey);
    await keep(ours.bundle({ serial: 8, nextKey: next.fingerprint }));
    await expect(keep(stranger.bundle({ serial: 9 }))).rejects.toMatchObject(wrongKey);
    await expect(keep(next.bundle({ serial: 7 }))).rejects.toMatchObject(older);
    await keep(next.bundle({ serial: 9 }));
    const joined = await kept.joined();
    expect(joined?.address).toEqual({ url, fingerprint: next.fingerprint });
    // Whoever has the old key by now cannot bring anybody back, not even with the old address.
    await expect(keep(ours.bundle({ serial: 10 }))).rejects.toMatchObject(wrongKey);
    await kept.forget();
    await expect(kept.trustIn(address)).rejects.toMatchObject(wrongKey);
    await expect(
      kept.keep({ url, fingerprint: next.fingerprint }, { text: next.bundle({ serial: 8 }) }, now),
    ).rejects.toMatchObject(older);
  });

  it('is verified each time it is read', async () => {
    const { kept, keep, ours } = await world();
    await keep(ours.bundle());
    const file = JSON.parse(await readFile(kept.file, 'utf8'));
    const other = signer();
    const write = (joined: object): Promise<void> =>
      writeFile(kept.file, JSON.stringify({ ...file, joined: { ...file.joined, ...joined } }));
    await write({ bundle: other.bundle() });
    await expect(kept.joined()).rejects.toMatchObject(wrongKey);
    await write({ bundle: ours.bundle().slice(0, -9) });
    await expect(kept.joined()).rejects.toMatchObject({ code: 'bundle-invalid' });
  });

  it('is told when it is damaged, and left alone when a newer Latchkey wrote it', async () => {
    const { folder, kept, keep, ours } = await world();
    for (const [text, code] of [
      ['{"version":1', 'bundle-invalid'],
      ['{"version":1,"joined":{}}', 'bundle-invalid'],
      ['{"version":2,"seen":{}}', 'stored-newer'],
    ] as const) {
      await writeFile(join(folder, 'organisation.json'), text);
      await expect(kept.joined()).rejects.toMatchObject({ code });
      await expect(keep(ours.bundle())).rejects.toMatchObject({ code });
      await expect(kept.forget()).rejects.toMatchObject({ code });
      expect(await readFile(kept.file, 'utf8')).toBe(text);
    }
  });
});
