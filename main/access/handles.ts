import { randomBytes, randomUUID } from 'node:crypto';
import { defined } from '../base/defined.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { HandleState } from '../contract/state.ts';
import type { LoginAttempt, ScramParameters } from '../gateway/ports.ts';
import {
  HandleFile,
  type Handle,
  type HandleRecord,
  type KeptHandle,
  type StoredHandles,
} from './handle-record.ts';
import { kindOfText, newTokenText } from './token-text.ts';
import { checkProof, verifierOf } from './verifier.ts';
import { namesPerson } from './user-name.ts';

export type HandleBinding = Omit<Handle, 'id' | 'createdAt' | 'expiresAt'> & { lifetimeMs: number };

type Proven = Pick<LoginAttempt, 'connection' | 'clientUser' | 'proof'>;

export type HandleVerification =
  | { ok: true; handle: Handle; serverSignature?: Uint8Array }
  | { ok: false; code: 'handle-revoked' | 'handle-expired' | 'handle-foreign'; handle: Handle };

/** A person has some tools on some connections; beyond this something makes handles by itself. */
const most = 500;

export type Handles = Awaited<ReturnType<typeof openHandles>>;

/**
 * Opens the handles of this installation. Their SCRAM salt is the one for all tokens too, so that one proof can be held
 * against both. Where the seal cannot be opened now there are none until {@link Handles.reload}, and none is made.
 * @throws LatchkeyError `store-failed`: the file is there and cannot be had now.
 */
export async function openHandles(record: HandleRecord, now: () => number = Date.now) {
  const file = new HandleFile(record);
  const live = new Map<string, KeptHandle>();
  const dead: KeptHandle[] = [];
  /** Whose end has come once: a clock that is set back revives none. */
  const over = new Set<string>();
  const first = await file.read();
  const { salt, iterations } = first ??
    (await file.parameters()) ?? { salt: randomBytes(16), iterations: 4096 };
  const scram: ScramParameters = { salt, iterations };
  await take(first);

  async function take(found: StoredHandles | undefined): Promise<void> {
    for (const one of found?.handles ?? []) live.set(one.handle.id, one);
    await file.keepParameters(scram);
  }

  function isOver({ id, expiresAt }: Handle): boolean {
    if (now() >= expiresAt) over.add(id);
    return over.has(id);
  }

  const save = (): Promise<void> => file.write(scram, [...live.values()]);

  return {
    scram,

    /**
     * @param isShort for a client without room for the usual length.
     * @returns the handle and its text, which is nowhere kept; both are good once this has resolved.
     * @throws LatchkeyError `seal-unavailable`, `limit-reached`, `store-failed`
     */
    async make(
      { lifetimeMs, ...binding }: HandleBinding,
      isShort = false,
    ): Promise<{ handle: Handle; text: string }> {
      file.checkLasting();
      if (live.size >= most) {
        throw new LatchkeyError('limit-reached', `There are already ${most} saved passwords.`, {
          remedy: 'Revoke the ones that are not needed: latchkey saved-password list',
        });
      }
      const text = newTokenText('handle', { isShort });
      const verifier = await verifierOf(text, scram);
      const createdAt = now();
      const handle: Handle = { ...binding, id: randomUUID(), createdAt, expiresAt: createdAt + lifetimeMs };
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
    verify({ connection, clientUser, proof }: Proven): HandleVerification | undefined {
      if (proof.kind === 'password' && kindOfText(proof.password) !== 'handle') return undefined;
      for (const one of [...live.values(), ...dead]) {
        const match = checkProof(one.verifier, proof);
        if (match === undefined) continue;
        const { handle } = one;
        if (!live.has(handle.id)) return { ok: false, code: 'handle-revoked', handle };
        if (isOver(handle)) return { ok: false, code: 'handle-expired', handle };
        const named = namesPerson(clientUser, handle.account.username);
        // Without a role of its own the user name may choose one; whether the person has it is checked later.
        const fits = named || handle.role === undefined || clientUser === handle.role;
        if (handle.connection !== connection || !fits) return { ok: false, code: 'handle-foreign', handle };
        one.lastUsedAt = now();
        return { ok: true, handle, ...match };
      }
      return undefined;
    },

    /** Why a password that is none of the tokens may still be a handle: `seal-unavailable`, or undefined. */
    missing: (): LatchkeyError | undefined => file.missing,

    /** Once the seal can be opened, after a start at which it could not. @throws LatchkeyError `store-failed` */
    async reload(): Promise<void> {
      if (file.missing === undefined) return;
      const found = await file.read();
      if (found !== undefined && !isSameSalt(found, scram)) await file.postpone(found);
      else await take(found);
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
        throw new LatchkeyError('handle-unknown', 'There is no saved password with this id.', {
          remedy: 'See them with: latchkey saved-password list',
        });
      }
      live.delete(id);
      dead.push(one);
      if (dead.length > most) dead.shift();
      await save();
      return one.handle;
    },

    /** For the state; oldest first. */
    list: (): HandleState[] => Array.from(live.values(), toHandleState),
  };
}

function toHandleState({ handle, lastUsedAt }: KeptHandle): HandleState {
  const { id, tool, connection, role, account, createdAt, expiresAt, boundTo } = handle;
  return {
    id,
    tool,
    connection,
    username: account.username,
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
    ...defined({ role, boundTo }),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: new Date(lastUsedAt).toISOString() }),
  };
}

function isSameSalt(one: ScramParameters, other: ScramParameters): boolean {
  return one.iterations === other.iterations && Buffer.from(one.salt).equals(other.salt);
}
