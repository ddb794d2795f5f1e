import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createPeerLookup } from '../../main/gateway/peers/lookup.ts';
import {
  startLoopbackRedirect,
  type LoopbackRedirect,
  type PeerUid,
} from '../../main/entra/loopback-redirect.ts';
import { otherUser } from '../support/other-user.ts';
import { describeWith } from '../support/parts.ts';
import { isOpen, visit } from './system-browser.ts';

const state = 'a-state-that-nobody-guesses';
const page = { title: 'Done <b>', text: 'Ada & "Bo"' };
const lookup = createPeerLookup();
const peerUid: PeerUid = ({ address = '', port = 0, localAddress = '', localPort = 0 }) =>
  lookup.uid({ transport: 'tcp', address, port, localPort }, localAddress);
const opened: LoopbackRedirect[] = [];

async function start(uids?: PeerUid): Promise<LoopbackRedirect> {
  const redirect = await startLoopbackRedirect(state, uids);
  opened.push(redirect);
  return redirect;
}

afterEach(() => {
  for (const redirect of opened.splice(0)) redirect.close(page);
});

/** Whether the answer is there already. */
function answered({ answer }: LoopbackRedirect): Promise<boolean> {
  return Promise.race([
    answer.then(() => true),
    new Promise<false>((resolve) => setTimeout(resolve, 20, false)),
  ]);
}

/** Gives the right answer, which the server holds until it is closed. */
async function finish(redirect: LoopbackRedirect, query = `?code=right&state=${state}`) {
  const reply = visit(`${redirect.redirectUri}/${query}`);
  const answer = await redirect.answer;
  redirect.close(page);
  return { answer, reply: await reply };
}

describe('the redirect address', () => {
  it('takes a code, and its page is the one given at the end', async () => {
    const redirect = await start();
    expect(redirect.redirectUri).toMatch(/^http:\/\/localhost:\d+$/);
    const { answer, reply } = await finish(
      redirect,
      `?code=A.1%2B2&client_info=x&state=${state}&session_state=y`,
    );
    expect(answer).toEqual({ code: 'A.1+2' });
    expect(reply.status).toBe(200);
    expect(reply.text).toContain('<h1>Done &lt;b&gt;</h1><p>Ada &amp; &quot;Bo&quot;</p>');
    expect(await isOpen(redirect.redirectUri)).toBe(false);
  });

  it('takes an error with its number and ids, and leaves the sentence, which names people', async () => {
    const redirect = await start();
    const trace = '0a1b2c3d-0000-4000-8000-000000000001';
    const correlation = '0a1b2c3d-0000-4000-8000-000000000002';
    const query = new URLSearchParams({
      error: 'access_denied',
      error_description: `AADSTS53003: ada@x is blocked.\r\nTrace ID: ${trace}\r\nCorrelation ID: ${correlation}\r\nTimestamp: z`,
      error_subcode: 'message_only',
      claims: '{"access_token":{}}',
      state,
    });
    const { answer } = await finish(redirect, `?${query.toString()}`);
    expect(answer).toEqual({
      fault: {
        aadsts: 53003,
        error: 'access_denied',
        suberror: 'message_only',
        claims: '{"access_token":{}}',
        traceId: trace,
        correlationId: correlation,
      },
    });
  });

  it('is there at both addresses of localhost', async () => {
    const { redirectUri } = await start();
    const { port } = new URL(redirectUri);
    for (const address of ['127.0.0.1', '[::1]']) {
      const reply = await visit(`http://${address}:${port}/?code=x&state=wrong`, {
        host: `localhost:${port}`,
      });
      expect(reply.status).toBe(400);
    }
  });

  it('takes another port where the one it got is taken at the other address', async () => {
    const squatters = Array.from({ length: 20 }, () => createServer());
    for (const server of squatters) await once(server.listen(0, '::1'), 'listening');
    const taken = squatters.map((server) => (server.address() as AddressInfo).port);
    const redirect = await start();
    expect(taken).not.toContain(Number(new URL(redirect.redirectUri).port));
    for (const server of squatters) server.close();
  });

  it('takes a header as large as the cookies of other local servers make it', async () => {
    const redirect = await start();
    const reply = visit(`${redirect.redirectUri}/?code=x&state=${state}`, {
      headers: { cookie: `other=${'c'.repeat(40_000)}` },
    });
    await redirect.answer;
    redirect.close(page);
    expect((await reply).status).toBe(200);
  });
});

describe('what is no answer', () => {
  it.each([
    ['no parameters', '/', 400],
    ['no state', '/?code=x', 400],
    ['an empty state', '/?code=x&state=', 400],
    ['another state', '/?code=x&state=other', 400],
    ['a state that only begins like it', `/?code=x&state=${state}x`, 400],
    ['two states, one of them right', `/?code=x&state=${state}&state=other`, 400],
    ['the state alone', `/?state=${state}`, 400],
    ['an empty code', `/?code=&state=${state}`, 400],
    ['two codes', `/?code=a&code=b&state=${state}`, 400],
    ['code and error', `/?code=a&error=b&state=${state}`, 400],
    ['two errors', `/?error=a&error=b&state=${state}`, 400],
    ['another path', `/callback?code=x&state=${state}`, 404],
    ['the icon', '/favicon.ico', 404],
    ['a path with dots', `/../?code=x&state=${state}`, 200],
  ])('%s', async (_title, path, status) => {
    const redirect = await start();
    const reply = visit(`${redirect.redirectUri}${path}`);
    if (status === 200) {
      expect(await redirect.answer).toEqual({ code: 'x' });
      redirect.close(page);
    }
    expect((await reply).status).toBe(status);
    if (status === 200) return;
    expect(await answered(redirect)).toBe(false);
    const { answer } = await finish(redirect);
    expect(answer).toEqual({ code: 'right' });
  });

  it.each([
    ['the address as a number', (port: string) => `127.0.0.1:${port}`],
    ['another name (DNS rebinding)', (port: string) => `evil.example:${port}`],
    ['another port', () => 'localhost:1'],
    ['no port', () => 'localhost'],
    ['a name that only begins like it', (port: string) => `localhost.evil.example:${port}`],
  ])('%s as the host: 421', async (_title, host) => {
    const redirect = await start();
    const { port } = new URL(redirect.redirectUri);
    const reply = await visit(`${redirect.redirectUri}/?code=x&state=${state}`, { host: host(port) });
    expect(reply.status).toBe(421);
    expect(await answered(redirect)).toBe(false);
  });

  it.each(['POST', 'HEAD'] as const)('%s: 405', async (method) => {
    const redirect = await start();
    const reply = await visit(`${redirect.redirectUri}/?code=x&state=${state}`, { method });
    expect(reply.status).toBe(405);
    expect(reply.headers['allow']).toBe('GET');
    expect(await answered(redirect)).toBe(false);
  });

  it('a whole address in the request line, of this server or of another one', async () => {
    const redirect = await start();
    const { host } = new URL(redirect.redirectUri);
    const raw = async (target: string) => {
      const socket = connect({ host: '127.0.0.1', port: Number(host.split(':')[1]) });
      socket.end(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      return (await text(socket)).split(' ')[1];
    };
    expect(await raw(`http://evil.example/?code=x&state=${state}`)).toBe('404');
    expect(await raw(`//evil.example/?code=x&state=${state}`)).toBe('404');
    expect(await raw('http://')).toBe('404');
    expect(await answered(redirect)).toBe(false);
  });

  it('a second answer: 410, while the first still waits and when it is another one', async () => {
    const redirect = await start();
    const first = visit(`${redirect.redirectUri}/?code=first&state=${state}`);
    expect(await redirect.answer).toEqual({ code: 'first' });
    expect((await visit(`${redirect.redirectUri}/?code=second&state=${state}`)).status).toBe(410);
    expect((await visit(`${redirect.redirectUri}/?error=x&state=${state}`)).status).toBe(410);
    redirect.close(page);
    expect((await first).status).toBe(200);
    expect(await redirect.answer).toEqual({ code: 'first' });
  });

  it('answers at the same moment: one counts', async () => {
    const redirect = await start(peerUid);
    const replies = Array.from({ length: 20 }, (_, index) =>
      visit(`${redirect.redirectUri}/?code=${index}&state=${state}`),
    );
    const { code } = (await redirect.answer) as { code: string };
    const others = await Promise.all(replies.filter((_, index) => String(index) !== code));
    expect(others.map(({ status }) => status)).toEqual(Array.from({ length: 19 }, () => 410));
    redirect.close(page);
    expect((await replies[Number(code)])?.status).toBe(200);
  });
});

describe('connections', () => {
  it('that say nothing, or not enough, are cut, and the answer gets through all the same', async () => {
    const redirect = await start();
    const port = Number(new URL(redirect.redirectUri).port);
    const began = Date.now();
    const slow = ['', 'G', 'GET / HTTP/1.1\r\n', `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nX: `];
    const ended = Array.from({ length: 40 }, (_, index) => closing(port, slow[index % slow.length] ?? ''));
    await Promise.all(ended);
    expect(Date.now() - began).toBeLessThan(4500);
    expect((await finish(redirect)).answer).toEqual({ code: 'right' });
  });

  it('that a browser has opened beforehand do not keep the port', async () => {
    const redirect = await start();
    const port = Number(new URL(redirect.redirectUri).port);
    const idle = closing(port, '');
    await new Promise((resolve) => setTimeout(resolve, 50));
    redirect.close(page);
    expect(await isOpen(redirect.redirectUri)).toBe(false);
    await idle;
  });
});

describeWith([otherUser.part], 'other users of this computer', () => {
  it('cannot answer, even with the right state', async () => {
    const redirect = await start(peerUid);
    const { port, host } = new URL(redirect.redirectUri);
    const [command = '', ...prefix] = otherUser.prefix;
    const line = `GET /?code=theirs&state=${state} HTTP/1.1\\r\\nHost: ${host}\\r\\n\\r\\n`;
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf '${line}' >&3; head -n 1 <&3`;
    const child = spawn(command, [...prefix, 'bash', '-c', script], {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(await text(child.stdout)).toMatch(/^HTTP\/1\.1 403 /);
    expect(await answered(redirect)).toBe(false);
    expect((await finish(redirect)).answer).toEqual({ code: 'right' });
  });
});

/** Opens a connection, sends that much of a request, and resolves when the server has cut it. */
function closing(port: number, start: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(start);
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
