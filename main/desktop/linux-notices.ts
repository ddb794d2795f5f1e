import type { Bus, BusSignal } from '../dbus/bus.ts';
import type { ShowNotice } from './notifications.ts';

const server = 'org.freedesktop.Notifications';
const place = { destination: server, path: '/org/freedesktop/Notifications', interface: server };
/** A server that is busy or hangs may still answer when nobody waits any more: then its notification can be taken back. */
const answerMs = 60_000;

/**
 * Notifications by the desktop's own server (Desktop Notifications Specification 1.3). Not by Electron: it hands the text
 * over as it is, which a server with the capability `body-markup` reads as markup, and its whole process stands still
 * until the server answers.
 *
 * @param connect asked anew where the last connection has ended
 */
export function linuxNotices(connect: () => Promise<Bus>): { show: ShowNotice; close(): Promise<void> } {
  let current: Promise<Bus> | undefined;
  const shown = new Map<number, () => void>();

  function bus(): Promise<Bus> {
    current ??= open().catch((error: unknown) => {
      current = undefined;
      throw error;
    });
    return current;
  }

  async function open(): Promise<Bus> {
    const opened = await connect();
    void opened.closed.then(forget);
    await opened.listen(server, server, hear);
    return opened;
  }

  function forget(): void {
    current = undefined;
    shown.clear();
  }

  function hear({ member, body: [id] }: BusSignal): void {
    const click = shown.get(Number(id));
    if (member === 'NotificationClosed') shown.delete(Number(id));
    else if (member === 'ActionInvoked') click?.();
  }

  async function notify({ title, body, urgent }: Parameters<ShowNotice>[0]): Promise<number> {
    const to = await bus();
    const [found] = await to.call({ ...place, member: 'GetCapabilities' }, answerMs);
    const capabilities = found as string[];
    const [id] = await to.call(
      {
        ...place,
        member: 'Notify',
        signature: 'susssasa{sv}i',
        body: [
          'Latchkey',
          0,
          '',
          title,
          capabilities.includes('body-markup') ? escapeMarkup(body) : body,
          capabilities.includes('actions') ? ['default', 'Open'] : [],
          [['urgency', { signature: 'y', value: urgent ? 2 : 1 }]],
          -1,
        ],
      },
      answerMs,
    );
    return Number(id);
  }

  async function takeBack(id: number): Promise<void> {
    shown.delete(id);
    const to = await current;
    await to?.call({ ...place, member: 'CloseNotification', signature: 'u', body: [id] });
  }

  return {
    show(notice, onClick) {
      let isOver = false;
      const sent = notify(notice).then((id) => {
        if (!isOver) shown.set(id, onClick);
        return id;
      });
      return {
        shown: sent.then(
          () => true,
          () => false,
        ),
        close() {
          isOver = true;
          void sent.then(takeBack).catch(() => undefined);
        },
      };
    },
    async close() {
      await Promise.allSettled(Array.from(shown.keys(), takeBack));
      const last = await current?.catch(() => undefined);
      last?.close();
    },
  };
}

/** The specification's markup is a part of XML; titles have none. */
export function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
