import type { Bus } from './bus.ts';

/** `absent`: there is no Secret Service in this session. `unlocked` also where it has no keyring yet and would make one. */
export type KeyringState = 'absent' | 'locked' | 'unlocked';

const service = 'org.freedesktop.secrets';
const none = '/';
const root = {
  destination: service,
  path: '/org/freedesktop/secrets',
  interface: 'org.freedesktop.Secret.Service',
};
/** The bus may have to start the service first. */
const startMs = 2000;

/**
 * The state of the default keyring (Secret Service API 0.2). Asks nobody for a password.
 * @param autoStart whether the bus may start the service for that
 * @throws BusError where the service does not answer in time, or says something else
 */
export async function keyringState(bus: Bus, autoStart: boolean): Promise<KeyringState> {
  const keyring = await defaultKeyring(bus, autoStart);
  if (keyring === undefined) return 'absent';
  if (keyring === none) return 'unlocked';
  const [isLocked] = await bus.call({
    destination: service,
    path: keyring,
    interface: 'org.freedesktop.DBus.Properties',
    member: 'Get',
    signature: 'ss',
    body: ['org.freedesktop.Secret.Collection', 'Locked'],
    autoStart: false,
  });
  return isLocked === true ? 'locked' : 'unlocked';
}

/**
 * Lets the service ask the person for the password of the default keyring. Resolves when it has been told to; the answer
 * shows in {@link keyringState}. Its dialog goes with the connection.
 */
export async function askToUnlock(bus: Bus): Promise<void> {
  const keyring = await defaultKeyring(bus, true);
  if (keyring === undefined || keyring === none) return;
  const [, prompt] = await bus.call({ ...root, member: 'Unlock', signature: 'ao', body: [[keyring]] });
  if (typeof prompt !== 'string' || prompt === none) return;
  await bus.call({
    destination: service,
    path: prompt,
    interface: 'org.freedesktop.Secret.Prompt',
    member: 'Prompt',
    signature: 's',
    body: [''],
  });
}

/** Undefined where there is no such service. */
async function defaultKeyring(bus: Bus, autoStart: boolean): Promise<string | undefined> {
  try {
    const [path] = await bus.call(
      {
        ...root,
        member: 'ReadAlias',
        signature: 's',
        body: ['default'],
        autoStart,
      },
      startMs,
    );
    return typeof path === 'string' ? path : none;
  } catch (error) {
    const { name } = error as Error;
    if (/\.(?:ServiceUnknown|NameHasNoOwner|Spawn\.\w+)$/.test(name)) return undefined;
    throw error;
  }
}
