import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  currentAuthorityFile,
  type LocalAuthority,
  openLocalAuthority,
} from '../../main/store/local-authority.ts';
import { createAesSeal, createMemorySeal } from '../../main/store/seal.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import { useTemporaryFolders } from './temporary-folder.ts';

const newFolder = useTemporaryFolders();
const day = 24 * 60 * 60 * 1000;
const start = new Date('2026-11-25T12:00:00Z');
const after = (days: number): Date => new Date(start.getTime() + days * day);

/** An installation: a new call of `open` is a new start of the broker on the same folder. */
async function installation() {
  const home = await newFolder();
  const key = Buffer.alloc(32, 7);
  const secrets = () =>
    createSecretStore({ folder: join(home, 'sealed'), seal: createAesSeal('key-file', key) });
  const open = (now: Date = start) =>
    openLocalAuthority({ secrets: secrets(), home, lasting: true, now: () => now });
  return { home, secrets, open };
}

const server = ({ certificate }: LocalAuthority) => new X509Certificate(certificate);
const issuerOf = ({ certificate }: LocalAuthority) =>
  new X509Certificate(certificate.slice(certificate.lastIndexOf('-----BEGIN')));
const daysLeft = (certificate: X509Certificate, at: Date) =>
  (certificate.validToDate.getTime() - at.getTime()) / day;

test('the first start makes an authority and a server certificate for this computer alone', async () => {
  const { home, open } = await installation();
  const made = await open();
  const authority = new X509Certificate(made.authority);
  expect(authority.ca).toBe(true);
  expect(authority.subject).toMatch(/^CN=Latchkey local authority [0-9a-f]{8}$/);
  expect(authority.checkIssued(authority)).toBe(true);
  expect(made.authorityFile).toBe(join(home, 'certificates', 'latchkey-ca.pem'));
  expect(await readFile(made.authorityFile, 'utf8')).toBe(made.authority);
  expect((await stat(made.authorityFile)).mode & 0o777).toBe(0o644);

  const leaf = server(made);
  const issuer = issuerOf(made);
  expect(issuer.verify(authority.publicKey) && issuer.checkIssued(authority)).toBe(true);
  expect(leaf.verify(issuer.publicKey) && leaf.checkIssued(issuer)).toBe(true);
  expect(leaf.checkPrivateKey(createPrivateKey(made.key))).toBe(true);
  expect(leaf.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
  expect(leaf.checkIP('127.0.0.1') && leaf.checkIP('::1') && leaf.checkHost('localhost')).toBeTruthy();
  expect(daysLeft(leaf, start)).toBeGreaterThan(396);
  expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBeLessThanOrEqual(397 * day);
  // The chain as servers send it: their own certificate first.
  expect(made.certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
});

test('no file but the sealed one has a key, and the key of the authority itself is nowhere', async () => {
  const { home, secrets, open } = await installation();
  const { key } = await open();
  const sealed = await readFile(join(home, 'sealed', 'key-file', 'local-authority.sealed'));
  const base64 = key.replaceAll(/-----.*-----|\n/g, '');
  expect(sealed.includes(Buffer.from(base64.slice(10, 40)))).toBe(false);
  expect(sealed.includes(Buffer.from(base64, 'base64').subarray(40, 60))).toBe(false);
  // The secret itself does have it, with the issuer's and no other.
  const secret = Buffer.from((await secrets().get('local-authority')) ?? []).toString();
  expect(secret).toContain(base64);
  expect(Object.keys(JSON.parse(secret) as object).filter((name) => name.endsWith('Key'))).toEqual([
    'issuerKey',
    'serverKey',
  ]);
});

test('later starts have the same, until too little time is left for a long run', async () => {
  const { open } = await installation();
  const first = await open();
  expect(await open(after(200))).toEqual(first);
  const second = await open(after(220));
  expect(second.authority).toBe(first.authority);
  expect(second.certificate).not.toBe(first.certificate);
  expect(second.key).not.toBe(first.key);
  expect(daysLeft(server(second), after(220))).toBeGreaterThan(396);
  expect(await open(after(221))).toEqual(second);
});

test('an authority at its end is replaced, and no server certificate outlives its authority', async () => {
  const { open } = await installation();
  const first = await open();
  const late = await open(after(3650 - 190));
  expect(late.authority).toBe(first.authority);
  expect(server(late).validTo).toBe(new X509Certificate(first.authority).validTo);
  const next = await open(after(3650 - 170));
  expect(next.authority).not.toBe(first.authority);
  expect(daysLeft(server(next), after(3650 - 170))).toBeGreaterThan(396);
});

test('a clock that was wrong when it was made does not leave a certificate of the future', async () => {
  const { open } = await installation();
  const future = await open(after(1000));
  const now = await open(start);
  expect(now.authority).not.toBe(future.authority);
  expect(server(now).validFromDate <= start).toBe(true);
});

test('the file for clients comes back where it was changed or removed', async () => {
  const { open } = await installation();
  const made = await open();
  await writeFile(made.authorityFile, 'something else');
  await open();
  expect(await readFile(made.authorityFile, 'utf8')).toBe(made.authority);
});

test('a secret that is no authority, or whose parts do not belong together, is replaced', async () => {
  const { secrets, open } = await installation();
  const made = await open();
  const whole = JSON.parse(Buffer.from((await secrets().get('local-authority')) ?? []).toString()) as Record<
    string,
    string
  >;
  const other = await installation();
  await other.open();
  const foreign = JSON.parse(
    Buffer.from((await other.secrets().get('local-authority')) ?? []).toString(),
  ) as Record<string, string>;
  const put = (value: unknown) => secrets().set('local-authority', Buffer.from(JSON.stringify(value)));

  // Parts of the server certificate: the authority stays.
  for (const change of [
    { server: foreign['server'] },
    { serverKey: foreign['serverKey'] },
    { server: foreign['server'], serverKey: foreign['serverKey'] },
    { server: 'AAAA' },
  ]) {
    await put({ ...whole, ...change });
    const again = await open();
    expect(again.authority).toBe(made.authority);
    expect(server(again).verify(issuerOf(made).publicKey)).toBe(true);
    expect(server(again).checkPrivateKey(createPrivateKey(again.key))).toBe(true);
  }
  for (const value of [
    {},
    null,
    'x',
    { ...whole, issuerKey: foreign['issuerKey'] },
    { ...whole, authority: foreign['authority'] },
    { ...whole, issuer: foreign['issuer'], issuerKey: foreign['issuerKey'] },
    { ...whole, authority: '' },
  ]) {
    await put(value);
    const again = await open();
    expect(again.authority).not.toBe(made.authority);
    expect(server(again).verify(issuerOf(again).publicKey)).toBe(true);
  }
});

test('a sealed file that cannot be opened is said once, then there is a new authority', async () => {
  const { home, open } = await installation();
  const made = await open();
  const sealed = join(home, 'sealed', 'key-file', 'local-authority.sealed');
  await writeFile(sealed, Buffer.alloc(600, 1));
  await expect(open()).rejects.toMatchObject({ code: 'sealed-unreadable' });
  // Clients still find the old one, and nothing was made behind anybody's back.
  expect(await readFile(made.authorityFile, 'utf8')).toBe(made.authority);
  expect((await open()).authority).not.toBe(made.authority);
});

test('with secrets in memory each start has a new one, and its name says so', async () => {
  const home = await newFolder();
  const open = () =>
    openLocalAuthority({
      secrets: createSecretStore({ folder: join(home, 'sealed'), seal: createMemorySeal('a test') }),
      home,
      lasting: false,
    });
  const first = await open();
  const second = await open();
  expect(second.authority).not.toBe(first.authority);
  expect(new X509Certificate(second.authority).subject).toMatch(/ - new at every start$/);
  expect(await readFile(second.authorityFile, 'utf8')).toBe(second.authority);
});

test('a folder that cannot be made is an error with a remedy', async () => {
  const { home, open } = await installation();
  await mkdir(join(home, 'sealed'));
  await writeFile(join(home, 'certificates'), 'in the way');
  await expect(open()).rejects.toMatchObject({ code: 'store-failed', remedy: expect.any(String) as string });
});

test('a start without the keyring leaves the authority that clients trust as it is', async () => {
  const { home, open } = await installation();
  const lasting = await open();
  const withoutKeyring = () =>
    openLocalAuthority({
      secrets: createSecretStore({ folder: join(home, 'sealed'), seal: createMemorySeal('locked') }),
      home,
      lasting: false,
      now: () => start,
    });
  const passing = await withoutKeyring();
  expect(await readFile(lasting.authorityFile, 'utf8')).toBe(lasting.authority);
  expect(passing.authorityFile).not.toBe(lasting.authorityFile);
  expect(currentAuthorityFile(home)).toBe(passing.authorityFile);
  expect(await readFile(passing.authorityFile, 'utf8')).toBe(passing.authority);
  // Unlocked again: the same one, and nothing is left of the other.
  expect((await open()).authority).toBe(lasting.authority);
  expect(currentAuthorityFile(home)).toBe(lasting.authorityFile);
});
