/**
 * Signs the metadata of a release that electron-builder has left in a folder: beside each `latest*.yml` and `beta*.yml` comes a
 * `.jws`, and one under the number of the version, for whoever is kept to it. The private key is in LATCHKEY_RELEASE_KEY (PEM).
 *
 *   node assets/package/sign-release.ts <folder>
 */
import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintOf, publicJwkOf } from '../../main/organisation/keys.ts';
import { signRelease, verifyRelease } from '../../main/updates/release.ts';
import { isPreRelease } from '../../main/updates/versions.ts';

const [folder] = process.argv.slice(2);
const pem = process.env['LATCHKEY_RELEASE_KEY'];
if (folder === undefined) throw new Error('name the folder with the release');
if (pem === undefined || pem === '') throw new Error('LATCHKEY_RELEASE_KEY holds no key');
const key = createPrivateKey(pem);
const fingerprint = fingerprintOf(publicJwkOf(key));
const { latchkey } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  latchkey: { releaseKeys: string[] };
};
// Whoever has this release could never get the next one.
if (!latchkey.releaseKeys.includes(fingerprint))
  throw new Error(`package.json does not name the key ${fingerprint} in latchkey.releaseKeys`);

const names = readdirSync(folder).filter((name) => /^(latest|beta)(-[a-z0-9-]+)?\.yml$/.test(name));
if (names.length === 0) throw new Error(`${folder} has no metadata of a release`);
const now = new Date();
for (const name of names) {
  const text = signRelease(
    {
      format: 1,
      serial: Math.floor(now.getTime() / 1000),
      issuedAt: now.toISOString(),
      name,
      metadata: readFileSync(join(folder, name), 'utf8'),
    },
    key,
  );
  const { version } = verifyRelease(text, [fingerprint], name);
  const [channel = '', ...system] = name.split(/(?=[-.])/);
  // A stable version is among the beta ones, too; its number is that of the stable one.
  const ofVersion = (channel === 'beta') === isPreRelease(version) ? [`${version}${system.join('')}`] : [];
  for (const each of [name, ...ofVersion]) writeFileSync(join(folder, `${each}.jws`), `${text}\n`);
  process.stdout.write(`${name}: version ${version}, signed with ${fingerprint}\n`);
}
