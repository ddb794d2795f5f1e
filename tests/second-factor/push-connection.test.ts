import { Agent, fetch as undiciFetch } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type { FetchLike } from '../../main/contract/http.ts';
import { createPush } from '../../main/second-factor/push.ts';
import type { NtfyServerOptions } from './ntfy-server.ts';
import { adele, type PushFixture, startPush, startRequest, subject } from './push-fixture.ts';

let fixture: PushFixture | undefined;
afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500 && !condition(); attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(condition()).toBe(true);
}

/** Lets a request run into `disturb` and then taps the right number. */
async function approveAfter(on: PushFixture, disturb: (on: PushFixture) => Promise<void> | void) {
  const { number, outcome } = on.ask();
  const shown = String(await number);
  const request = await on.phone.nextRequest();
  await disturb(on);
  await on.phone.tap(request, shown);
  return outcome;
}

describe('the connection to the ntfy server (stand-in)', () => {
  it.each<[string, (on: PushFixture) => Promise<void> | void]>([
    ['the stream is cut', (on) => on.server.cutStreams()],
    ['the stream is cut within a line', (on) => on.server.cutStreams('{"id":"abcdefghijkl","time":17731')],
    [
      'lines are no JSON, of other kinds or of other topics',
      (on) => {
        for (const line of [
          '',
          '{',
          '[]',
          'null',
          '7',
          '{"event":"message"}',
          '{"event":"nonsense","id":"x"}',
        ])
          on.server.inject(line);
        on.server.inject(
          JSON.stringify({ id: 'a', time: 1, event: 'message', topic: 'elsewhere', message: 'lk1.x' }),
        );
        on.server.inject(`{"id":"${'a'.repeat(100_000)}"}`);
      },
    ],
    [
      'the server stops and starts again',
      async (on) => {
        await on.server.pause();
        await new Promise((resolve) => setTimeout(resolve, 100));
        await on.server.resume();
      },
    ],
  ])('survives when %s', async (_what, disturb) => {
    fixture = await startPush();
    expect(await approveAfter(fixture, disturb)).toBe('approved');
  });

  it('reads an answer that came while the stream was broken, by the place that the server named', async () => {
    fixture = await startPush({ timing: { retryMs: 400 } });
    // Broker and server disagree about the time by an hour; only the server's own words may be used.
    fixture.server.setClock(-3_600_000);
    const { number, outcome } = fixture.ask();
    const shown = String(await number);
    const request = await fixture.phone.nextRequest();
    const { server } = fixture;
    server.cutStreams();
    await until(() => server.streams() === 0);
    await fixture.phone.tap(request, shown);
    expect(await outcome).toBe('approved');
    expect(server.requests.some(({ url }) => /\/json\?since=\d+$/.test(url))).toBe(true);
  });

  it('goes on from the last message, not from the start, and takes a message twice for one', async () => {
    fixture = await startPush();
    const { server, enrolment, phone } = fixture;
    const { number, outcome } = fixture.ask();
    const shown = String(await number);
    const request = await phone.nextRequest();
    await fetch(`${server.origin}/${enrolment.answerTopic}`, { method: 'POST', body: 'noise' });
    const noise = server.messages(enrolment.answerTopic)[0];
    server.inject(JSON.stringify(noise));
    server.inject(JSON.stringify(noise));
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.cutStreams();
    await until(() => server.requests.some(({ url }) => url.endsWith(`?since=${noise?.id}`)));
    await phone.tap(request, shown);
    expect(await outcome).toBe('approved');
  });

  it.each<[string, NtfyServerOptions]>([
    ['keepalives many times a second', { keepaliveMs: 5 }],
    ['a clock a year ahead', {}],
  ])('is not disturbed by %s', async (what, options) => {
    fixture = await startPush(options);
    if (what.includes('year')) fixture.server.setClock(365 * 24 * 3_600_000);
    expect(await approveAfter(fixture, () => new Promise((resolve) => setTimeout(resolve, 100)))).toBe(
      'approved',
    );
  });

  it('opens a stream anew that has gone silent', async () => {
    fixture = await startPush({ timing: { silenceMs: 200 } });
    const { server } = fixture;
    const opened = () => server.requests.filter(({ url }) => url.includes('/json') && !url.includes('poll'));
    expect(await approveAfter(fixture, () => until(() => opened().length >= 3))).toBe('approved');
  });

  it('works with a fetch that gives up on a quiet stream by itself', async () => {
    fixture = await startPush();
    const { server, enrolment, phone } = fixture;
    const agent = new Agent({ bodyTimeout: 150, headersTimeout: 5_000 });
    const impatient: FetchLike = async (url, init) =>
      (await undiciFetch(url, { ...init, dispatcher: agent } as Parameters<
        typeof undiciFetch
      >[1])) as unknown as Response;
    const push = createPush({
      server: server.origin,
      fetch: impatient,
      ledger: { load: async () => undefined, save: async () => undefined },
      timing: { retryMs: 20 },
    });
    const { number, outcome } = startRequest(push, subject(enrolment));
    const shown = String(await number);
    const request = await phone.nextRequest();
    await until(() => server.requests.filter(({ url }) => url.includes('since=')).length >= 2);
    await phone.tap(request, shown);
    expect(await outcome).toBe('approved');
    await push.close();
    await agent.close();
  });

  it('says at once that the server cannot be reached, and counts nothing', async () => {
    fixture = await startPush();
    await fixture.server.pause();
    expect(await fixture.ask().outcome).toMatchObject({
      code: 'push-failed',
      message: 'The ntfy server cannot be reached (ECONNREFUSED).',
    });
    expect(fixture.saved.get(adele)).toBeUndefined();
    await fixture.server.resume();
  });

  it('says that the server was lost when a request ends without it, not that nobody answered', async () => {
    fixture = await startPush({ timing: { expiresMs: 2_000 } });
    const { number, outcome } = fixture.ask();
    await number;
    await fixture.phone.nextRequest();
    await fixture.server.pause();
    expect(await outcome).toMatchObject({ code: 'push-failed' });
    await fixture.server.resume();
  });

  it('waits for a short Retry-After and sends again', async () => {
    fixture = await startPush();
    fixture.server.failPublishing({ status: 429, retryAfter: '1' });
    const before = Date.now();
    expect(await approveAfter(fixture, () => undefined)).toBe('approved');
    expect(Date.now() - before).toBeGreaterThanOrEqual(1_000);
  });

  it.each<[string, { status: number; retryAfter?: string }[]]>([
    ['429 with a long Retry-After', [{ status: 429, retryAfter: '600' }]],
    ['429 without one', [{ status: 429 }]],
    [
      '429 twice',
      [
        { status: 429, retryAfter: '0' },
        { status: 429, retryAfter: '0' },
      ],
    ],
    ['500', [{ status: 500 }]],
  ])('reports %s when it publishes, and counts nothing', async (_what, failures) => {
    fixture = await startPush();
    fixture.server.failPublishing(...failures);
    expect(await fixture.ask().outcome).toMatchObject({
      code: 'push-failed',
      message: expect.stringContaining(`HTTP ${failures[0]?.status}`) as string,
      remedy: expect.any(String) as string,
    });
    expect(fixture.saved.get(adele)?.failed).toEqual([]);
  });
});

describe('a server with access control (stand-in)', () => {
  const token = 'tk_broker0000000000000000000000';
  const phoneToken = 'tk_phone00000000000000000000000';
  // What docs/RELAY.md tells an administrator to set up.
  const access: NtfyServerOptions['access'] = {
    tokens: [token, phoneToken],
    allows(who, topic, what) {
      if (topic.startsWith('latchkey-answer-')) return what === 'write' || who === token;
      return topic.startsWith('latchkey-ask-') && who === (what === 'write' ? token : phoneToken);
    },
  };

  it('approves with the token of the broker, which is in no message', async () => {
    fixture = await startPush({ access, token, phoneToken });
    expect(await approveAfter(fixture, () => undefined)).toBe('approved');
    const { requestTopic, answerTopic } = fixture.enrolment;
    const messages = [...fixture.server.messages(requestTopic), ...fixture.server.messages(answerTopic)];
    expect(JSON.stringify(messages)).not.toContain(token);
    expect(fixture.server.requests.every(({ url }) => !url.includes(token))).toBe(true);
  });

  it.each([
    ['a wrong token', 'tk_wrong00000000000000000000000'],
    ['no token', undefined],
  ])('says that access was refused with %s', async (_what, wrong) => {
    fixture = await startPush({ access, ...(wrong !== undefined && { token: wrong }) });
    expect(await fixture.ask().outcome).toMatchObject({
      code: 'push-failed',
      message: expect.stringMatching(/HTTP 40[13]/) as string,
    });
  });

  it('ends a request when access is withdrawn in the middle', async () => {
    const tokens = [token];
    fixture = await startPush({ token, access: { tokens, allows: () => true } });
    const { number, outcome } = fixture.ask();
    await number;
    await fixture.phone.nextRequest();
    tokens.pop();
    fixture.server.cutStreams();
    expect(await outcome).toMatchObject({
      code: 'push-failed',
      message: expect.stringContaining('401') as string,
    });
  });
});
