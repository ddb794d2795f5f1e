import { safeStorage } from 'electron';
import { LatchkeyError } from '../contract/errors.ts';
import { createMemorySeal, type Seal } from '../store/seal.ts';

/**
 * The operating system's secret storage (Keychain, DPAPI, libsecret or KWallet) behind Electron's safeStorage. To be
 * asked once the application is ready. Where there is none, the answer is a seal that keeps nothing beyond the
 * process, with the reason: on Linux without a keyring Electron encrypts with a password that is part of its source.
 */
export async function openDesktopSeal(): Promise<Seal> {
  const isLinux = process.platform === 'linux';
  if (!(await safeStorage.isAsyncEncryptionAvailable()) || (isLinux && !(await linuxKeyringIsReal()))) {
    const missing = isLinux ? 'No keyring (GNOME Keyring or KWallet)' : 'No key store of the system';
    return createMemorySeal(`${missing} is running in this desktop session.`);
  }
  return keychainSeal;
}

const keychainSeal: Seal = {
  kind: 'keychain',
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

/** Tells a keyring that is locked now from bytes that are damaged: the store puts only the latter aside. */
async function demandKey(): Promise<void> {
  if (await safeStorage.isAsyncEncryptionAvailable()) return;
  throw new LatchkeyError('seal-unavailable', 'The keyring of this computer does not answer.', {
    remedy: 'Unlock your keyring, then try again.',
  });
}

/**
 * Chromium marks what it encrypts with its built-in password by `v10`. It is looked at besides the backend's name,
 * which the asynchronous API does not consult.
 */
async function linuxKeyringIsReal(): Promise<boolean> {
  if (safeStorage.getSelectedStorageBackend() === 'basic_text') return false;
  try {
    const probe = await safeStorage.encryptStringAsync('probe');
    return probe.subarray(0, 3).toString('latin1') !== 'v10';
  } catch {
    return false;
  }
}
