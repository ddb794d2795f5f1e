import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { account, type Account, type HandleState } from '../contract/state.ts';
import type { LoginAttempt, ScramParameters } from '../gateway/ports.ts';
import { kindOfText, newTokenText } from './token-text.ts';
import { type Verifier, checkProof, verifierOf } from './verifier.ts';

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
  /** Identity of the only program that may use it; undefined until one has been allowed for good. */
  boundTo: string | undefined;
}

export type HandleVerification =
  | { ok: true; handle: Handle; serverSignature?: Uint8Array }
  | { ok: false; code: 'handle-revoked' | 'handle-foreign'; handle: Handle };

interface Kept {
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
      boundTo: z.string().optional(),
      digest: bytes,
      storedKey: bytes,
      serverKey: bytes,
      nativeDouble: bytes,
      sha2Double: bytes,
    }),
  ),
});

/** A person has some tools on some connections; beyond this something makes handles by itself. */
const most = 500;

export type Handles = Awaited<ReturnType<typeof openHandles>>;

/**
 * Opens the handles of this installation. Their SCRAM salt is the one for all tokens too, so that one proof can be held
 * against both.
 * @throws LatchkeyError `seal-unavailable`, `store-failed`: the file is there and cannot be had now.
 */
export async function openHandles(kept: HandleRecord, now: () => number = Date.now) {
  const stored = await kept.read();
  const found = stored && parse(stored);
  const scram: ScramParameters = found ?? { salt: randomBytes(16), iterations: 4096 };
  const live = new Map<string, Kept>(found?.handles.map((one) => [one.handle.id, one]));
  /** Written by another version: it is not written over. */
  const isForeign = stored !== undefined && found === undefined;
  const dead: Kept[] = [];

  async function save(): Promise<void> {
    const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');
    const value: z.input<typeof record> = {
      version: 1,
      salt: base64(scram.salt),
      iterations: scram.iterations,
      handles: [...live.values()].map(({ handle, verifier }) => {
        const { role, uid, boundTo, ...rest } = handle;
        return {
          ...rest,
          ...(role === undefined ? {} : { role }),
          ...(uid === undefined ? {} : { uid }),
          ...(boundTo === undefined ? {} : { boundTo }),
          digest: base64(verifier.digest),
          storedKey: base64(verifier.scram.storedKey),
          serverKey: base64(verifier.scram.serverKey),
          nativeDouble: base64(verifier.mysql.nativeDouble),
          sha2Double: base64(verifier.mysql.sha2Double),
        };
      }),
    };
    await kept.write(new TextEncoder().encode(JSON.stringify(value)));
  }

  return {
    scram,

    /**
     * @returns the handle and its text, which is nowhere kept; both are good once this has resolved.
     * @throws LatchkeyError `seal-unavailable`, `limit-reached`, `store-failed`
     */
    async make(binding: Omit<Handle, 'id' | 'createdAt'>): Promise<{ handle: Handle; text: string }> {
      if (!kept.lasting) {
        throw new LatchkeyError(
          'seal-unavailable',
          'A handle cannot be made, since nothing secret is kept over a restart.',
          {
            remedy:
              'Start Latchkey with a keyring or a key file, or use a token: latchkey token <connection>',
          },
        );
      }
      if (isForeign) {
        throw new LatchkeyError(
          'store-failed',
          'The stored handles were written by another version of Latchkey.',
          {
            remedy: 'Use that version, or move the file "handles" out of the sealed folder of its home.',
          },
        );
      }
      if (live.size >= most) {
        throw new LatchkeyError('limit-reached', `There are already ${most} handles.`, {
          remedy: 'Revoke the ones that are not needed: latchkey handle list',
        });
      }
      const text = newTokenText('handle');
      const verifier = await verifierOf(text, scram);
      const handle: Handle = { ...binding, id: randomUUID(), createdAt: now() };
      // Before the text is known to anybody; so that of two made at once neither leaves the other out of the file.
      live.set(handle.id, { handle, verifier });
      try {
        await save();
      } catch (error) {
        live.delete(handle.id);
        throw error;
      }
      return { handle, text };
    },

    /** Finds the handle that the proof belongs to; undefined where it belongs to none. */
    verify({
      connection,
      clientUser,
      proof,
    }: Pick<LoginAttempt, 'connection' | 'clientUser' | 'proof'>): HandleVerification | undefined {
      if (proof.kind === 'password' && kindOfText(proof.password) !== 'handle') return undefined;
      for (const one of [...live.values(), ...dead]) {
        const match = checkProof(one.verifier, proof);
        if (match === undefined) continue;
        const { handle } = one;
        if (!live.has(handle.id)) return { ok: false, code: 'handle-revoked', handle };
        const named = clientUser.toLowerCase() === handle.account.username.toLowerCase();
        // Without a role of its own the user name may choose one; whether the person has it is checked later.
        const fits = named || handle.role === undefined || clientUser === handle.role;
        if (handle.connection !== connection || !fits) return { ok: false, code: 'handle-foreign', handle };
        one.lastUsedAt = now();
        return { ok: true, handle, ...match };
      }
      return undefined;
    },

    isLive: (id: string): boolean => live.has(id),

    /** Only this program may use it from now on. */
    async bind(id: string, program: string): Promise<void> {
      const one = live.get(id);
      if (one === undefined) return;
      live.set(id, { ...one, handle: { ...one.handle, boundTo: program } });
      await save();
    },

    /**
     * Ends a handle: at once for this process, and with the promise for every later one.
     * @throws LatchkeyError `handle-unknown`; `store-failed`: then it counts again after a restart.
     */
    async revoke(id: string): Promise<Handle> {
      const one = live.get(id);
      if (one === undefined) {
        throw new LatchkeyError('handle-unknown', 'There is no handle with this id.', {
          remedy: 'See them with: latchkey handle list',
        });
      }
      live.delete(id);
      dead.push(one);
      if (dead.length > most) dead.shift();
      await save();
      return one.handle;
    },

    /** For the state; oldest first. */
    list(): HandleState[] {
      return [...live.values()].map(({ handle, lastUsedAt }) => ({
        id: handle.id,
        tool: handle.tool,
        connection: handle.connection,
        ...(handle.role === undefined ? {} : { role: handle.role }),
        username: handle.account.username,
        createdAt: new Date(handle.createdAt).toISOString(),
        ...(handle.boundTo === undefined ? {} : { boundTo: handle.boundTo }),
        ...(lastUsedAt === undefined ? {} : { lastUsedAt: new Date(lastUsedAt).toISOString() }),
      }));
    },
  };
}

/** Undefined for a record of another form. */
function parse(stored: Uint8Array) {
  const parsed = record.safeParse(jsonOf(stored));
  if (!parsed.success) return undefined;
  const { salt, iterations, handles } = parsed.data;
  return {
    salt,
    iterations,
    handles: handles.map(
      ({ digest, storedKey, serverKey, nativeDouble, sha2Double, role, uid, boundTo, ...rest }): Kept => ({
        handle: { ...rest, role, uid, boundTo },
        verifier: { digest, scram: { storedKey, serverKey }, mysql: { nativeDouble, sha2Double } },
      }),
    ),
  };
}

function jsonOf(stored: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(stored));
  } catch {
    return undefined;
  }
}
