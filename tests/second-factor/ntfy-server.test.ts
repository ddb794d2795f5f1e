import { afterEach, describe, expect, it } from 'vitest';
import { type NtfyEvent, type NtfyServer, startNtfyServer } from './ntfy-server.ts';

let server: NtfyServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const json = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });
const button = { action: 'http', label: 'Yes', url: 'https://ntfy.example/answers' };

async function poll(origin: string, query: string): Promise<NtfyEvent[]> {
  const text = await (await fetch(`${origin}/topic/json?poll=1${query}`)).text();
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as NtfyEvent]));
}

/** What the documentation of ntfy says; a real server would have to pass these as well. */
describe('the stand-in for ntfy behaves as docs.ntfy.sh tells', () => {
  it('takes messages by PUT, POST and JSON and gives them back from its cache', async () => {
    server = await startNtfyServer();
    const { origin } = server;
    await fetch(`${origin}/topic`, { method: 'PUT', body: 'one' });
    await fetch(`${origin}/topic`, { method: 'POST', body: 'two', headers: { title: 'Title' } });
    await fetch(origin, json({ topic: 'topic', message: 'three', priority: 4, actions: [button] }));
    const all = await poll(origin, '');
    expect(all.map(({ message }) => message)).toEqual(['one', 'two', 'three']);
    expect(all[1]).toMatchObject({ event: 'message', topic: 'topic', title: 'Title' });
    expect(all[2]).toMatchObject({
      priority: 4,
      actions: [{ ...button, method: 'POST', clear: false, id: expect.any(String) as string }],
    });
    expect((await poll(origin, `&since=${all[0]?.id}`)).map(({ message }) => message)).toEqual([
      'two',
      'three',
    ]);
    expect(await poll(origin, `&since=${(all[2]?.time ?? 0) + 10}`)).toEqual([]);
    expect(await poll(origin, '&since=none')).toEqual([]);
  });

  it('streams open, keepalive and message events', async () => {
    server = await startNtfyServer({ keepaliveMs: 20 });
    const { origin } = server;
    const controller = new AbortController();
    const stream = await fetch(`${origin}/topic/json`, { signal: controller.signal });
    expect(stream.headers.get('content-type')).toContain('application/x-ndjson');
    await fetch(`${origin}/topic`, { method: 'POST', body: 'now' });
    const events = new Set<string>();
    const decoder = new TextDecoder();
    for await (const chunk of stream.body as unknown as AsyncIterable<Uint8Array>) {
      for (const line of decoder.decode(chunk).trim().split('\n'))
        events.add((JSON.parse(line) as NtfyEvent).event);
      if (events.size === 3) break;
    }
    expect(events).toEqual(new Set(['open', 'message', 'keepalive']));
    controller.abort();
  });

  it.each<[string, RequestInit, string, number, number]>([
    ['a message of more than 4,096 bytes', { method: 'POST', body: 'x'.repeat(4_097) }, '/topic', 400, 40014],
    ['a long message in JSON', json({ topic: 'topic', message: 'x'.repeat(4_097) }), '/', 400, 40014],
    ['JSON of more than 8,192 bytes', json({ topic: 'topic', title: 'x'.repeat(8_192) }), '/', 413, 41303],
    ['four actions', json({ topic: 'topic', actions: [button, button, button, button] }), '/', 400, 40018],
    [
      'an action without label',
      json({ topic: 'topic', actions: [{ ...button, label: '' }] }),
      '/',
      400,
      40018,
    ],
    ['a wrong topic', json({ topic: 'a/b' }), '/', 400, 40009],
    ['no JSON', { method: 'POST', body: '{' }, '/', 400, 40024],
    ['a wrong priority', json({ topic: 'topic', priority: 9 }), '/', 400, 40007],
    ['a wrong since', { method: 'GET' }, '/topic/json?poll=1&since=yesterday', 400, 40008],
  ])('refuses %s', async (_what, init, path, status, code) => {
    server = await startNtfyServer();
    const response = await fetch(`${server.origin}${path}`, init);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, http: status, error: expect.any(String) as string });
    expect(server.messages('topic')).toEqual([]);
  });

  it('knows tokens and what they allow', async () => {
    server = await startNtfyServer({
      access: {
        tokens: ['tk_a'],
        allows: (token, topic, what) => token === 'tk_a' || (topic === 'topic' && what === 'write'),
      },
    });
    const { origin } = server;
    const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    expect((await fetch(`${origin}/topic`, { method: 'POST', body: 'x' })).status).toBe(200);
    expect((await fetch(`${origin}/topic/json?poll=1`)).status).toBe(403);
    expect((await fetch(`${origin}/topic/json?poll=1`, as('tk_a'))).status).toBe(200);
    expect((await fetch(`${origin}/topic/json?poll=1`, as('tk_b'))).status).toBe(401);
  });
});
