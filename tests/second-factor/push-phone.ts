import type { NtfyAction, NtfyEvent } from './ntfy-server.ts';

export interface Phone {
  /** What the phone shows: the latest message of each sequence. */
  shown(): Promise<NtfyEvent[]>;
  /** Waits for a message with buttons that has not been returned before. */
  nextRequest(): Promise<NtfyEvent>;
  /** Sends what the button of that number sends; resolves to the status that the server answered. */
  tap(request: NtfyEvent, label: string): Promise<number>;
}

/** Does what ntfy's application does, over the HTTP API alone: reads its topic, and sends the requests of buttons. */
export function createPhone(origin: string, topic: string, token?: string): Phone {
  const seen = new Set<string>();

  async function shown(): Promise<NtfyEvent[]> {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`${origin}/${topic}/json?poll=1`, { headers });
    const lines = (await response.text()).split('\n').filter((line) => line !== '');
    const latest = new Map<string, NtfyEvent>();
    for (const line of lines) {
      const event = JSON.parse(line) as NtfyEvent;
      latest.set(event.sequence_id ?? event.id, event);
    }
    return [...latest.values()];
  }

  return {
    shown,
    async nextRequest() {
      for (let attempt = 0; attempt < 500; attempt += 1) {
        const found = (await shown()).find(({ id, actions }) => actions !== undefined && !seen.has(id));
        if (found !== undefined) {
          seen.add(found.id);
          return found;
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error('no request has reached the phone');
    },
    async tap(request, label) {
      const button = request.actions?.find((action) => action.label === label);
      if (button === undefined) throw new Error(`no button ${label}`);
      return (await press(button)).status;
    },
  };
}

export function press({ url, method, headers, body }: NtfyAction): Promise<Response> {
  return fetch(url, { method, headers: headers ?? {}, ...(body !== undefined && { body }) });
}
