import { safeStorage } from 'electron';
import { setTimeout as sleep } from 'node:timers/promises';
import { defined } from '../base/defined.ts';
import { connectSessionBus } from '../dbus/bus.ts';
import { LatchkeyError, type Problem } from '../contract/errors.ts';
import { createMemorySeal, type LateKey, type Seal } from '../store/seal.ts';
import { watchKeyring } from './keyring.ts';

/** Nobody's start waits longer for the system's key. */
const answerMs = 2000;

/**
 * The operating system's secret storage (Keychain, DPAPI, libsecret or KWallet) behind Electron's safeStorage. To be
 * asked once the application is ready; answers within some seconds, whatever the system does. Where there is none, the
 * answer is a seal that keeps nothing beyond the process, with the reason: on Linux without a keyring Electron encrypts
 * with a password that is part of its source.
 *
 * A Secret Service is asked first whether its keyring is open, and Chromium only once it is: what Chromium does not get
 * at its first try it does not get before the next start.
 */
export async function openDesktopSeal(): Promise<Seal> {
  const isLinux = process.platform === 'linux';
  const missing = isLinux ? 'No keyring (GNOME Keyring or KWallet)' : 'No key store of the system';
  const memory = (): Seal => createMemorySeal(`${missing} is running in this desktop session.`);
  const usesSecretService = isLinux && safeStorage.getSelectedStorageBackend() === 'gnome_libsecret';
  // No bus is no keyring either.
  const keyring = usesSecretService
    ? await watchKeyring(connectSessionBus).catch(() => undefined)
    : undefined;
  if (usesSecretService && keyring === undefined) return memory();
  if (keyring === undefined || keyring.state === 'open') {
    const key = keyOfSystem();
    const first = await Promise.race([key, sleep(answerMs, 'late' as const)]);
    if (first === false) return memory();
    return first === true ? keychainSeal(undefined) : lateSeal(silent, key);
  }
  return lateSeal(
    keyring.state === 'locked' ? locked : silent,
    keyring.opened.then(keyOfSystem),
    keyring.ask,
  );
}

const locked: Problem = {
  code: 'seal-unavailable',
  message: 'The keyring of this computer is locked.',
  remedy: 'Unlock it. What is stored counts from then on; until then nothing of it is read or changed.',
};
const silent: Problem = {
  code: 'seal-unavailable',
  message: 'The key store of this computer has not answered yet.',
  remedy:
    'Look for its dialog. What is stored counts from its answer on; until then nothing is read or changed.',
};
const refused: Problem = {
  code: 'seal-unavailable',
  message: 'The key store of this computer has given no key.',
  remedy: 'Unlock it, then start Latchkey again.',
};

/** A seal that starts without its key. @param key whether there is one, once that is known */
function lateSeal(problem: Problem, key: Promise<boolean>, ask?: () => void): Seal {
  const listeners = new Set<() => void>();
  let current: Problem | undefined = problem;
  const late: LateKey = {
    problem: () => current,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ...defined({ ask }),
  };
  void key
    .catch(() => false)
    .then((isThere) => {
      current = isThere ? undefined : refused;
      // It has been open by now.
      delete late.ask;
      for (const listener of listeners) listener();
      return undefined;
    });
  return keychainSeal(late);
}

function keychainSeal(late: LateKey | undefined): Seal {
  /** Tells a keyring that is locked now from bytes that are damaged: the store puts only the latter aside. */
  async function demandKey(): Promise<void> {
    const problem = late?.problem();
    if (problem === undefined && (await safeStorage.isAsyncEncryptionAvailable())) return;
    const { message, remedy } = problem ?? refused;
    throw new LatchkeyError('seal-unavailable', message, { remedy });
  }
  return {
    kind: 'keychain',
    ...defined({ late }),
    async seal(plain) {
      await demandKey();
      return safeStorage.encryptStringAsync(Buffer.from(plain).toString('base64'));
    },
    async open(sealed) {
      await demandKey();
      // A rotated key shows in `shouldReEncrypt`; every renewal of the sign-in seals anew with the key of that time.
      const { result } = await safeStorage.decryptStringAsync(Buffer.from(sealed));
      return Buffer.from(result, 'base64');
    },
  };
}

/**
 * Chromium marks what it encrypts with its built-in password by `v10`. It is looked at besides the backend's name,
 * which the asynchronous API does not consult.
 */
async function keyOfSystem(): Promise<boolean> {
  try {
    if (!(await safeStorage.isAsyncEncryptionAvailable())) return false;
    if (process.platform !== 'linux') return true;
    if (safeStorage.getSelectedStorageBackend() === 'basic_text') return false;
    const probe = await safeStorage.encryptStringAsync('probe');
    return probe.subarray(0, 3).toString('latin1') !== 'v10';
  } catch {
    return false;
  }
}
