import type { Bus } from '../dbus/bus.ts';
import { askToUnlock, keyringState } from '../dbus/secret-service.ts';

export interface Keyring {
  /** `silent`: the service is there and does not answer. */
  state: 'open' | 'locked' | 'silent';
  /** Resolves once it is open; asks whether it is every second, later every five. */
  opened: Promise<void>;
  /** Lets the service ask the person for the password, unless its dialog is there already. */
  ask(): void;
  close(): void;
}

const soonMs = 1000;
const laterMs = 5000;
const soonTimes = 120;

/**
 * The keyring of the Secret Service. One that is locked is asked to be unlocked at once, as it is by whatever else needs
 * it at a login; nobody waits for the answer.
 * @returns undefined where there is no such service in this session
 */
export async function watchKeyring(connect: () => Promise<Bus>): Promise<Keyring | undefined> {
  let bus: Bus | undefined;
  let isOpen = false;
  let timer: NodeJS.Timeout | undefined;
  let times = 0;
  let closed = false;
  let hear: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    hear = resolve;
  });

  async function connected(): Promise<Bus> {
    if (bus !== undefined) return bus;
    const own = await connect();
    bus = own;
    void own.closed.finally(() => {
      if (bus === own) bus = undefined;
    });
    return own;
  }

  async function look(): Promise<void> {
    // A service that is gone is not started again by this: whoever ends it is about to start it themselves.
    const state = await keyringState(await connected(), false).catch(() => 'absent' as const);
    if (state === 'unlocked') isOpen = true;
  }

  function ask(): void {
    if (isOpen) return;
    void connected()
      .then(askToUnlock)
      .catch(() => undefined);
  }

  function lookLater(): void {
    times += 1;
    timer = setTimeout(
      () => {
        void look()
          .catch(() => undefined)
          .finally(() => {
            if (closed) return;
            if (!isOpen) return lookLater();
            close();
            hear();
          });
      },
      times > soonTimes ? laterMs : soonMs,
    );
    timer.unref();
  }

  function close(): void {
    closed = true;
    clearTimeout(timer);
    bus?.close();
  }

  const found = await keyringState(await connected(), true).catch(() => 'silent' as const);
  if (found === 'absent') {
    close();
    return undefined;
  }
  if (found === 'unlocked') {
    isOpen = true;
    close();
    hear();
    return { state: 'open', opened, ask, close };
  }
  ask();
  lookLater();
  return { state: found, opened, ask, close };
}
