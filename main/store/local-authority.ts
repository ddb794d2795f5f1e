import { X509Certificate, createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { algorithm, loadX509, loopbackServer, serialNumber } from '../base/x509.ts';
import { readIfThere, writeDurably } from './durable-file.ts';
import type { SecretStore } from './secret-store.ts';
import { storeFailed } from './system-reason.ts';

export interface LocalAuthority {
  /** Server certificate for localhost, 127.0.0.1 and ::1, then the issuer's: PEM, as servers send a chain. */
  certificate: string;
  /** Private key of the server certificate, PKCS#8 PEM. */
  key: string;
  /** The authority's certificate, PEM: what clients trust. */
  authority: string;
  /** Where the authority's certificate lies for clients. */
  authorityFile: string;
}

export interface LocalAuthorityOptions {
  secrets: Pick<SecretStore, 'get' | 'set'>;
  /** The state folder. */
  home: string;
  /** False where the secrets end with the process: then the authority is a new one at every start, and says so. */
  lasting: boolean;
  now?: () => Date;
}

export const authorityFileName = 'latchkey-ca.pem';
/** The authority of a process that could not open the lasting one, which is left as it is meanwhile. */
const passingFileName = 'latchkey-ca-passing.pem';
/** Part of the name of an authority that does not outlive its process. */
export const passingMark = 'new at every start';

/** The folder of the home where the certificates for clients are. */
export function authorityFolder(home: string): string {
  return join(home, 'certificates');
}

/** The file of the authority that signed what the gateways show now; undefined before the first start. */
export function currentAuthorityFile(home: string): string | undefined {
  return [passingFileName, authorityFileName]
    .map((name) => join(authorityFolder(home), name))
    .find((file) => existsSync(file));
}

const secretName = 'local-authority';
const day = 24 * 60 * 60 * 1000;
const authorityDays = 3650;
/** What browsers and systems accept of a server certificate at most is 398 days. */
const serverDays = 397;
/** A broker may run for months, and only a start renews. */
const renewBelowDays = 180;

/** Base64: certificates as DER, keys as PKCS#8. The first had no version. */
const stored = z.object({
  authority: z.string(),
  issuer: z.string(),
  issuerKey: z.string(),
  server: z.string(),
  serverKey: z.string(),
});
type Stored = z.infer<typeof stored>;
type Issuer = Pick<Stored, 'authority' | 'issuer' | 'issuerKey'>;

/**
 * The certificate authority of this installation, for SQL clients that insist on TLS with a chain they trust
 * (PostgreSQL's verify-full, MySQL's VERIFY_IDENTITY, TDS 8 "strict"). Made at the first call. Trusting it opens nothing but the way to this computer
 * itself, not even to a thief of the secrets: the authority's own key signs one issuer and is thrown away; the issuer's
 * key never leaves the secret store, and critical name constraints (RFC 5280 section 4.2.1.10) bind it to localhost,
 * 127.0.0.1 and ::1. Two certificates are needed for that, as Java takes a trusted one to be free of its own
 * constraints (RFC 5280 section 6.1.1 d allows it). The server certificate is renewed at a start that finds it with
 * less than 180 days left, the authority likewise.
 *
 * @throws LatchkeyError `seal-unavailable` and `store-failed`; `sealed-unreadable` where the authority could not be
 *   opened and has been put aside: the next call makes a new one, which clients have to be told to trust
 */
export async function openLocalAuthority(options: LocalAuthorityOptions): Promise<LocalAuthority> {
  const { secrets, lasting, now = () => new Date() } = options;
  const at = now();
  const found = readStored(await secrets.get(secretName));
  const issuer = found !== undefined && isIssuerGood(found, at) ? found : undefined;
  const kept = issuer !== undefined && isServerGood(issuer, at) ? issuer : undefined;
  const current = kept ?? (await issueServer(issuer ?? (await createAuthority(at, lasting)), at));
  if (kept === undefined)
    await secrets.set(secretName, Buffer.from(JSON.stringify({ version: 1, ...current })));

  const folder = authorityFolder(options.home);
  const authority = certificatePem(current.authority);
  await mkdir(folder, { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
    throw storeFailed(folder, 'made', cause);
  });
  const passingFile = join(folder, passingFileName);
  const authorityFile =
    !lasting && (await hasLasting(folder)) ? passingFile : join(folder, authorityFileName);
  if (authorityFile !== passingFile) await rm(passingFile, { force: true });
  await writeDurably(authorityFile, Buffer.from(authority), { mode: 0o644 });
  return {
    certificate: certificatePem(current.server) + certificatePem(current.issuer),
    key: `-----BEGIN PRIVATE KEY-----\n${lines(current.serverKey)}-----END PRIVATE KEY-----\n`,
    authority,
    authorityFile,
  };
}

/** Whether clients have been told to trust an authority whose secrets may be had again, once a keyring is unlocked. */
async function hasLasting(folder: string): Promise<boolean> {
  const pem = await readIfThere(join(folder, authorityFileName));
  if (pem === undefined) return false;
  try {
    return !new X509Certificate(pem).subject.includes(passingMark);
  } catch {
    return false;
  }
}

function readStored(secret: Uint8Array | undefined): Stored | undefined {
  if (secret === undefined) return undefined;
  try {
    return stored.parse(JSON.parse(Buffer.from(secret).toString('utf8')));
  } catch {
    return undefined;
  }
}

function isIssuerGood({ authority, issuer, issuerKey }: Issuer, at: Date): boolean {
  return isGood(issuer, issuerKey, authority, at) && isGood(authority, undefined, authority, at);
}

function isServerGood({ issuer, server, serverKey }: Stored, at: Date): boolean {
  return isGood(server, serverKey, issuer, at);
}

/** Whether a certificate belongs to its key and its issuer, and stays valid for long enough. */
function isGood(certificate: string, key: string | undefined, by: string, at: Date): boolean {
  try {
    const parsed = new X509Certificate(Buffer.from(certificate, 'base64'));
    const isCurrent =
      parsed.validFromDate <= at && parsed.validToDate.getTime() - at.getTime() >= renewBelowDays * day;
    const hasKey = key === undefined || parsed.checkPrivateKey(privateKey(key));
    return isCurrent && hasKey && parsed.verify(new X509Certificate(Buffer.from(by, 'base64')).publicKey);
  } catch {
    return false;
  }
}

function privateKey(pkcs8: string) {
  return createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), format: 'der', type: 'pkcs8' });
}

async function createAuthority(at: Date, lasting: boolean): Promise<Issuer> {
  const x509 = await loadX509();
  // Cannot be exported, and is forgotten with the end of this function.
  const authorityKeys = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  const issuerKeys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  // A trust store may hold those of several installations, which need names of their own.
  const number = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString('hex');
  const name = `CN=Latchkey local authority ${number}${lasting ? '' : ` - ${passingMark}`}`;
  const common = { ...validity(at, authorityDays), signingAlgorithm: algorithm };
  const extensions = async (pathLength: number, key: CryptoKey) => [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.Extension('2.5.29.30', true, loopbackNames()),
    await x509.SubjectKeyIdentifierExtension.create(key),
  ];
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    serialNumber: serialNumber(),
    name,
    keys: authorityKeys,
    extensions: await extensions(1, authorityKeys.publicKey),
  });
  const issuer = await x509.X509CertificateGenerator.create({
    ...common,
    serialNumber: serialNumber(),
    subject: `CN=Latchkey local issuer ${number}`,
    issuer: authority.subject,
    publicKey: issuerKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    extensions: [
      ...(await extensions(0, issuerKeys.publicKey)),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  return {
    authority: toBase64(authority.rawData),
    issuer: toBase64(issuer.rawData),
    issuerKey: await exportKey(issuerKeys.privateKey),
  };
}

async function issueServer(by: Issuer, at: Date): Promise<Stored> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(Buffer.from(by.issuer, 'base64'));
  const pkcs8 = Buffer.from(by.issuerKey, 'base64');
  const signingKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const { notBefore, notAfter } = validity(at, serverDays);
  const certificate = await x509.X509CertificateGenerator.create({
    notBefore,
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    serialNumber: serialNumber(),
    subject: 'CN=localhost',
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: await loopbackServer(await issuer.publicKey.export(), keys.publicKey),
  });
  const { authority, issuer: issuerCertificate, issuerKey } = by;
  return {
    authority,
    issuer: issuerCertificate,
    issuerKey,
    server: toBase64(certificate.rawData),
    serverKey: await exportKey(keys.privateKey),
  };
}

/** From an hour before, for clocks that differ a little between a virtual machine and its host. */
function validity(at: Date, days: number): { notBefore: Date; notAfter: Date } {
  const notBefore = new Date(at.getTime() - day / 24);
  return { notBefore, notAfter: new Date(notBefore.getTime() + days * day) };
}

/**
 * NameConstraints in DER: only `permittedSubtrees`, each a GeneralSubtree with its base alone. dNSName has tag 2,
 * iPAddress tag 7 with address and mask (RFC 5280 sections 4.2.1.6 and 4.2.1.10).
 */
function loopbackNames(): ArrayBuffer {
  const tagged = (tag: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([tag, content.length]), content]);
  const names = [
    tagged(0x82, Buffer.from('localhost')),
    tagged(0x87, Buffer.from([127, 0, 0, 1, 255, 255, 255, 255])),
    tagged(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1]), Buffer.alloc(16, 255)])),
  ];
  const permitted = tagged(0xa0, Buffer.concat(names.map((name) => tagged(0x30, name))));
  return Uint8Array.from(tagged(0x30, permitted)).buffer;
}

async function exportKey(key: CryptoKey): Promise<string> {
  return toBase64(await crypto.subtle.exportKey('pkcs8', key));
}

function toBase64(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('base64');
}

function certificatePem(der: string): string {
  return `-----BEGIN CERTIFICATE-----\n${lines(der)}-----END CERTIFICATE-----\n`;
}

/** RFC 7468 section 2: 64 characters in each line, which Java insists on. */
function lines(base64: string): string {
  return base64.replaceAll(/.{1,64}/g, '$&\n');
}
