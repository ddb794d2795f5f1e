import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { describe, expect } from 'vitest';
import { maxSignedBytes } from '../../main/organisation/signed.ts';
import { fetchBundle } from '../../main/organisation/fetch.ts';
import { startScriptedServer } from '../entra/scripted-server.ts';
import { it } from '../entra/tenant-fixture.ts';

const { signal } = new AbortController();

describe('a bundle from a server', () => {
  it('is fetched, and not again while the server has the same', async ({ setup }) => {
    const asked: IncomingHttpHeaders[] = [];
    const server = await startScriptedServer(({ headers }, response) => {
      asked.push(headers);
      if (headers['if-none-match'] === '"1"') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"1"', 'content-type': 'text/plain' }).end('a bundle');
    });
    setup.onClose(server.close);
    const get = (etag?: string) => fetchBundle(setup.trustingFetch(server), server.origin, { etag, signal });
    expect(await get()).toEqual({ text: 'a bundle', etag: '"1"' });
    expect(await get('"1"')).toBeUndefined();
    expect(await get('"0"')).toEqual({ text: 'a bundle', etag: '"1"' });
    expect(asked[0]?.['if-none-match']).toBeUndefined();
  });

  const answers: [string, (response: ServerResponse) => unknown, string][] = [
    ['a redirect', (to) => to.writeHead(302, { location: '/other' }).end(), 'could not be fetched'],
    [
      'a redirect to http',
      (to) => to.writeHead(301, { location: 'http://127.0.0.1:9/' }).end(),
      'could not be fetched',
    ],
    ['nothing there', (to) => to.writeHead(404).end('a page'), 'HTTP 404'],
    ['a fault', (to) => to.writeHead(503).end(), 'HTTP 503'],
    ['"not modified", unasked', (to) => to.writeHead(304).end(), 'HTTP 304'],
    ['a cut connection', (to) => to.socket?.destroy(), 'could not be fetched'],
    ['too much', (to) => to.writeHead(200).end('a'.repeat(maxSignedBytes + 1)), 'larger than 1 MiB'],
  ];
  it.for(answers)('%s: refused with a sentence', async ([, answer, told], { setup }) => {
    const server = await startScriptedServer((_request, response) => void answer(response));
    setup.onClose(server.close);
    const got = fetchBundle(setup.trustingFetch(server), `${server.origin}/?a=secret`, { signal });
    const thrown = await got.then(
      () => undefined,
      (error: Error) => error,
    );
    expect(thrown?.message).not.toContain('secret');
    expect(thrown).toMatchObject({
      code: expect.stringMatching(/^bundle-/),
      message: expect.stringContaining(told),
    });
  });

  it('is not fetched from a server that is gone or that nobody vouches for', async ({ setup }) => {
    const server = await startScriptedServer((_request, response) => void response.end());
    const other = await startScriptedServer((_request, response) => void response.end());
    setup.onClose(other.close);
    const stranger = fetchBundle(setup.trustingFetch(server), other.origin, { signal });
    await expect(stranger).rejects.toMatchObject({ code: 'bundle-unreachable' });
    await server.close();
    const gone = fetchBundle(setup.trustingFetch(server), server.origin, { signal });
    await expect(gone).rejects.toThrow(/could not be fetched from 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/);
  });

  it('keeps no version of a form that is none', async ({ setup }) => {
    const server = await startScriptedServer((_request, response) =>
      response.writeHead(200, { etag: `"${'a'.repeat(300)}"` }).end('a bundle'),
    );
    setup.onClose(server.close);
    const got = await fetchBundle(setup.trustingFetch(server), server.origin, { signal });
    expect(got).toEqual({ text: 'a bundle' });
  });
});
