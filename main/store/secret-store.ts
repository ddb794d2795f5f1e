import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createMutex } from '../base/mutex.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { readIfThere, syncFolder, writeDurably } from './durable-file.ts';
import type { Seal } from './seal.ts';
import { storeFailed, systemCode } from './system-reason.ts';
import { isNewer, newerThanThis } from './versioned.ts';

/**
 * What is inside a sealed file: the secret with the name and the kind of seal it was stored under, so that a file
 * that was renamed, swapped or copied from another folder is noticed. The digest is for seals that do not authenticate
 * (on Linux and macOS, Chromium's OSCrypt is plain AES-CBC); behind AES-GCM it costs nothing.
 *
 * version (1 byte, 1) | digest of all that follows (SHA-256, 32) | length of kind (1) | kind | length of name (1) | name | secret
 *
 * Later versions keep the first two, and their digest takes in the version byte too, so that what is newer can be told
 * from what is damaged.
 */
interface Envelope {
  kind: string;
  /** 1 to 255 bytes of UTF-8. */
  name: string;
  secret: Uint8Array;
}

const version = 1;
const digestLength = 32;

export function encodeEnvelope({ kind, name, secret }: Envelope): Uint8Array {
  const content = Buffer.concat([label(kind), label(name), secret]);
  return Buffer.concat([Buffer.from([version]), digest(content), content]);
}

/** Undefined where the bytes are not an envelope or do not match their digest. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const content = all.subarray(1 + digestLength);
  if (all[0] !== version || !digest(content).equals(all.subarray(1, 1 + digestLength))) return undefined;
  const kind = readLabel(content, 0);
  const name = kind && readLabel(content, kind.end);
  if (kind === undefined || name === undefined) return undefined;
  return { kind: kind.text, name: name.text, secret: Uint8Array.from(content.subarray(name.end)) };
}

/** @param isAuthentic the seal vouches for every bit, so that the version byte alone tells */
function isNewerEnvelope(bytes: Uint8Array, isAuthentic: boolean): boolean {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if ((all[0] ?? 0) <= version) return false;
  const content = Buffer.concat([all.subarray(0, 1), all.subarray(1 + digestLength)]);
  return isAuthentic || digest(content).equals(all.subarray(1, 1 + digestLength));
}

function digest(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest();
}

function label(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length === 0 || bytes.length > 255) throw new RangeError('a label has 1 to 255 bytes');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function readLabel(content: Buffer, start: number): { text: string; end: number } | undefined {
  const length = content[start];
  if (length === undefined || start + 1 + length > content.length) return undefined;
  const end = start + 1 + length;
  return { text: content.toString('utf8', start + 1, end), end };
}

/** Calls are carried out one after the other, in the order in which they were made. Names have 1 to 64 bytes of UTF-8. */
export interface SecretStore {
  /**
   * The secret, or undefined where there is none.
   *
   * A file that cannot be opened with this seal (damaged, swapped, sealed with another key) is moved aside as
   * `<file>.quarantine-<time>` and reported once by `sealed-unreadable`; after that the name counts as empty. Nothing
   * is ever deleted for being unreadable.
   *
   * @throws LatchkeyError `sealed-unreadable`; `seal-unavailable` where the key cannot be had now, `stored-newer`
   *   where a later version wrote it, and `store-failed` where the disk fails: these leave the file as it is
   */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Resolves when the secret is on the disk. Throws `seal-unavailable`, `store-failed`. */
  set(name: string, secret: Uint8Array): Promise<void>;
  /** Resolves when the secret is gone, or was never there. Throws `store-failed`. */
  delete(name: string): Promise<void>;
  /** The names in alphabetical order, whether or not their files can be opened. */
  list(): Promise<string[]>;
}

const suffix = '.sealed';

/**
 * Secrets by name, each a sealed file in `<folder>/<kind of the seal>/`. With a `memory` seal nothing touches the
 * disk. An old file put back in place of a newer one of the same name opens: that cannot be told without a counter
 * outside the folder.
 *
 * @param options.now for the names of quarantined files
 */
export function createSecretStore(options: { folder: string; seal: Seal; now?: () => Date }): SecretStore {
  const { seal, now = () => new Date() } = options;
  return inOrder(seal.kind === 'memory' ? inMemory() : onDisk(join(options.folder, seal.kind), seal, now));
}

function inMemory(): SecretStore {
  const secrets = new Map<string, Uint8Array>();
  return {
    async get(name) {
      const secret = secrets.get(name);
      return secret && Uint8Array.from(secret);
    },
    async set(name, secret) {
      secrets.set(name, Uint8Array.from(secret));
    },
    async delete(name) {
      secrets.delete(name);
    },
    async list() {
      return [...secrets.keys()].toSorted();
    },
  };
}

function onDisk(folder: string, seal: Seal, now: () => Date): SecretStore {
  const pathOf = (name: string): string => join(folder, fileNameOf(name));

  async function quarantine(path: string, name: string, cause?: unknown): Promise<LatchkeyError> {
    const kept = `${path}.quarantine-${now().toISOString().replaceAll(/[-:]/g, '')}`;
    const aside = await moveAside(path, kept);
    return new LatchkeyError(
      'sealed-unreadable',
      `The stored secret "${name}" is damaged or was sealed with another key.`,
      {
        remedy: `Sign in or enter it again. The unreadable file is kept as ${aside}.`,
        cause,
      },
    );
  }

  return {
    async get(name) {
      const path = pathOf(name);
      const sealed = await readIfThere(path, readFileSync);
      if (sealed === undefined) return undefined;
      let plain: Uint8Array;
      try {
        plain = await seal.open(sealed);
      } catch (cause) {
        if (cause instanceof LatchkeyError && cause.code === 'seal-unavailable') throw cause;
        if (isNewer(cause)) throw newerThanThis(`The stored secret "${name}"`, cause);
        throw await quarantine(path, name, cause);
      }
      if (isNewerEnvelope(plain, seal.authenticates === true))
        throw newerThanThis(`The stored secret "${name}"`);
      const envelope = decodeEnvelope(plain);
      if (envelope?.name !== name || envelope.kind !== seal.kind) throw await quarantine(path, name);
      return envelope.secret;
    },
    async set(name, secret) {
      const path = pathOf(name);
      const sealed = await seal.seal(encodeEnvelope({ kind: seal.kind, name, secret }));
      await explainFailure(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
      await writeDurably(path, sealed);
    },
    async delete(name) {
      const path = pathOf(name);
      if ((await readIfThere(path)) === undefined) return;
      await explainFailure(path, async () => {
        await rm(path, { force: true });
        await syncFolder(folder);
      });
    },
    async list() {
      const found = await explainFailure(folder, () => readdirIfThere(folder));
      return found
        .map(nameOf)
        .filter((name) => name !== undefined)
        .toSorted();
    },
  };
}

/** Two calls for one file would race for the quarantine, and a `get` might miss a `set` made before it. */
function inOrder(store: SecretStore): SecretStore {
  const { run } = createMutex();
  return {
    get: (name) => run(async () => store.get(checked(name))),
    set: (name, secret) => {
      const copy = Uint8Array.from(secret);
      return run(async () => store.set(checked(name), copy));
    },
    delete: (name) => run(async () => store.delete(checked(name))),
    list: () => run(() => store.list()),
  };
}

/** Returns where the file is now: under its old name where even moving fails, so that it is reported again. */
async function moveAside(path: string, wanted: string): Promise<string> {
  try {
    let kept = wanted;
    for (let n = 2; (await readIfThere(kept)) !== undefined; n += 1) kept = `${wanted}-${n}`;
    await rename(path, kept);
    return kept;
  } catch {
    return path;
  }
}

async function explainFailure<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    throw storeFailed(path, 'used', cause);
  }
}

async function readdirIfThere(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

function checked(name: string): string {
  const length = Buffer.byteLength(name, 'utf8');
  if (length === 0 || length > 64) throw new RangeError('the name of a secret has 1 to 64 bytes');
  return name;
}

/**
 * Every byte outside a to z, 0 to 9, "-" and "_" becomes %xx, in lower case too: names that differ only in case stay
 * apart on file systems that ignore it, and no name can leave the folder.
 */
function fileNameOf(name: string): string {
  const encoded = Array.from(Buffer.from(name, 'utf8'), (byte) => {
    const character = String.fromCodePoint(byte);
    return /[a-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
  });
  return encoded.join('') + suffix;
}

function nameOf(fileName: string): string | undefined {
  if (!/^(?:[a-z0-9_-]|%[0-9a-f]{2})+\.sealed$/.test(fileName)) return undefined;
  const bytes = fileName.slice(0, -suffix.length).replaceAll(/%([0-9a-f]{2})/g, (_, hex: string) => {
    return String.fromCodePoint(Number.parseInt(hex, 16));
  });
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
