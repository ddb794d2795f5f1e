import { z } from 'zod';
import { defined } from '../base/defined.ts';
import { jsonBytes, jsonOf } from '../base/json-bytes.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { account } from '../contract/sign-in-state.ts';
import type { Account } from '../contract/state.ts';
import type { ScramParameters } from '../gateway/ports.ts';
import type { Verifier } from './verifier.ts';

/**
 * A password that a tool may save. It opens nothing by itself: each login with it takes the live session of the person
 * who made it, on this connection, as this user of the computer, and from the program that it is bound to.
 */
export interface Handle {
  id: string;
  tool: string;
  connection: string;
  /** Undefined: the default role at the time of the login. */
  role: string | undefined;
  account: Account;
  uid: number | undefined;
  createdAt: number;
  /** Ms since 1970. */
  expiresAt: number;
  /** Identity of the only program that may use it; undefined until one has been allowed for good. */
  boundTo: string | undefined;
}

/** A handle as it is kept: with what checks it, and without its text. */
export interface KeptHandle {
  handle: Handle;
  verifier: Verifier;
  lastUsedAt?: number;
}

/** The sealed file: everything that checks a handle over restarts, and nothing that could be used as one. */
export interface HandleRecord {
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
  /** False where nothing is kept over a restart: then no handle is made, as a tool would save what dies. */
  lasting: boolean;
  /**
   * The parameters of the proofs once more, outside the seal: while that cannot be opened, proofs are asked for with the
   * ones that fit afterwards. Every client is told them, so they are no secret.
   */
  parameters?: {
    read(): Promise<ScramParameters | undefined>;
    write(parameters: ScramParameters): Promise<void>;
  };
}

/** The list as it was stored, and what its verifiers were made with. */
export interface StoredHandles extends ScramParameters {
  handles: KeptHandle[];
}

/** The sealed list of the handles: what can be had of it now, and whether it may be written over. */
export class HandleFile {
  readonly #record: HandleRecord;
  /** Why it cannot be had now. */
  #missing: LatchkeyError | undefined;
  /** Written by another version: it is not written over. */
  #isForeign = false;

  constructor(record: HandleRecord) {
    this.#record = record;
  }

  get missing(): LatchkeyError | undefined {
    return this.#missing;
  }

  /** @throws LatchkeyError `store-failed`: the file is there and cannot be had now */
  async read(): Promise<StoredHandles | undefined> {
    this.#missing = undefined;
    try {
      const stored = await this.#record.read();
      const found = stored && decodeHandles(stored);
      this.#isForeign = stored !== undefined && found === undefined;
      return found;
    } catch (error) {
      if (!(error instanceof LatchkeyError) || error.code !== 'seal-unavailable') throw error;
      this.#missing = error;
      return undefined;
    }
  }

  /** What proofs are to be asked for with, where the file itself does not say. */
  async parameters(): Promise<ScramParameters | undefined> {
    return this.#record.parameters?.read();
  }

  /** Handles of another list than the one that is about to be written would be lost: then nothing is kept. */
  async keepParameters(scram: ScramParameters): Promise<void> {
    if (this.#missing === undefined && !this.#isForeign && this.#record.lasting)
      await this.#record.parameters?.write(scram);
  }

  /** It was made with other parameters than those that tokens have been given out with meanwhile; only a start can take it. */
  async postpone({ salt, iterations }: StoredHandles): Promise<void> {
    this.#missing = new LatchkeyError(
      'seal-unavailable',
      'The saved passwords of before could not be taken up while Latchkey runs.',
      { remedy: 'Start Latchkey once more; from then on that is not needed again.' },
    );
    await this.#record.parameters?.write({ salt, iterations });
  }

  /** @throws LatchkeyError `seal-unavailable`, `store-failed`: a handle that was made now would not last */
  checkLasting(): void {
    if (!this.#record.lasting) {
      throw new LatchkeyError(
        'seal-unavailable',
        'A saved password cannot be made, since nothing secret is kept over a restart.',
        {
          remedy: 'Start Latchkey with a keyring or a key file, or use a token: latchkey token <connection>',
        },
      );
    }
    if (this.#missing !== undefined) throw this.#missing;
    if (this.#isForeign) {
      throw new LatchkeyError(
        'store-failed',
        'The list of saved passwords was written by another version of Latchkey.',
        { remedy: 'Use that version, or move the file "handles" out of the sealed folder of its home.' },
      );
    }
  }

  async write(scram: ScramParameters, handles: readonly KeptHandle[]): Promise<void> {
    if (this.#missing !== undefined) throw this.#missing;
    await this.#record.write(encodeHandles(scram, handles));
  }
}

const bytes = z.base64().transform((text) => Uint8Array.from(Buffer.from(text, 'base64')));
const record = z.object({
  version: z.literal(1),
  salt: bytes,
  iterations: z.number().int(),
  handles: z.array(
    z.object({
      id: z.string(),
      tool: z.string(),
      connection: z.string(),
      role: z.string().optional(),
      account,
      uid: z.number().int().optional(),
      createdAt: z.number(),
      /** Absent in what was written before handles had an end. */
      expiresAt: z.number().optional(),
      boundTo: z.string().optional(),
      digest: bytes,
      storedKey: bytes,
      serverKey: bytes,
      nativeDouble: bytes,
      sha2Double: bytes,
    }),
  ),
});

/** For a handle that was made before handles had an end. */
const oldLifetimeMs = 90 * 24 * 3600_000;

function encodeHandles({ salt, iterations }: ScramParameters, handles: readonly KeptHandle[]): Uint8Array {
  const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');
  const value: z.input<typeof record> = {
    version: 1,
    salt: base64(salt),
    iterations,
    handles: handles.map(({ handle, verifier }) => {
      const { role, uid, boundTo, ...rest } = handle;
      return {
        ...rest,
        ...defined({ role, uid, boundTo }),
        digest: base64(verifier.digest),
        storedKey: base64(verifier.scram.storedKey),
        serverKey: base64(verifier.scram.serverKey),
        nativeDouble: base64(verifier.mysql.nativeDouble),
        sha2Double: base64(verifier.mysql.sha2Double),
      };
    }),
  };
  return jsonBytes(value);
}

/** Undefined for a record of another form. */
function decodeHandles(stored: Uint8Array) {
  const parsed = record.safeParse(jsonOf(stored));
  if (!parsed.success) return undefined;
  const { salt, iterations, handles } = parsed.data;
  return {
    salt,
    iterations,
    handles: handles.map(
      ({
        digest,
        storedKey,
        serverKey,
        nativeDouble,
        sha2Double,
        role,
        uid,
        boundTo,
        expiresAt,
        ...rest
      }): KeptHandle => ({
        handle: { ...rest, expiresAt: expiresAt ?? rest.createdAt + oldLifetimeMs, role, uid, boundTo },
        verifier: { digest, scram: { storedKey, serverKey }, mysql: { nativeDouble, sha2Double } },
      }),
    ),
  };
}
