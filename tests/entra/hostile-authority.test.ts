import type { ServerResponse } from 'node:http';
import { describe, expect } from 'vitest';
import { createAzureDirectory, type AzureDirectory } from '../../main/entra/azure-directory.ts';
import { createMemoryCache } from './memory-cache.ts';
import { beginBrowserSignIn, isOpen, redirectOf, stateOf, visit } from './system-browser.ts';
import { it, kept, type Setup } from './tenant-fixture.ts';
import {
  sendJson,
  startScriptedServer,
  type ReceivedRequest,
  type ScriptedServer,
} from './scripted-server.ts';

const tenantId = '8d3f6a4e-52d1-4f0c-9a77-0d4b8f9f6d11';
const objectId = '0f0e0d0c-52d1-4f0c-9a77-0d4b8f9f6d11';

interface Script {
  devicecode?: (response: ServerResponse, origin: string) => void;
  token?: (response: ServerResponse, poll: number) => void;
  discovery?: (response: ServerResponse, origin: string) => void;
}

/** An authority that follows the script, and our directory in front of it. */
async function start(setup: Setup, script: Script, settings: { tenant?: string } = {}) {
  let polls = 0;
  const server = await startScriptedServer((request, response, origin) => {
    if (request.path.includes('openid-configuration')) {
      (script.discovery ?? discovery)(response, origin);
    } else if (request.path.includes('/devicecode')) {
      (script.devicecode ?? ((to, at) => sendJson(to, 200, deviceCode(at))))(response, origin);
    } else {
      polls++;
      (script.token ?? ((to) => sendJson(to, 200, tokens())))(response, polls);
    }
  });
  setup.onClose(server.close);
  const fetch = setup.trustingFetch(server);
  const cache = createMemoryCache();
  const tenant = settings.tenant ?? tenantId;
  const directory = createAzureDirectory(
    {
      name: 'work',
      cloud: 'local',
      authority: `${server.origin}/${tenant}`,
      tenant,
      applicationId: '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2',
      graph: server.origin,
    },
    { fetch, cache },
  );
  setup.onClose(directory.close);
  return { server, directory, cache };
}

function discovery(response: ServerResponse, origin: string): void {
  sendJson(response, 200, discoveryDocument(origin));
}

function discoveryDocument(origin: string): Record<string, unknown> {
  return {
    issuer: `${origin}/${tenantId}/v2.0`,
    authorization_endpoint: `${origin}/${tenantId}/oauth2/v2.0/authorize`,
    token_endpoint: `${origin}/${tenantId}/oauth2/v2.0/token`,
    jwks_uri: `${origin}/${tenantId}/keys`,
  };
}

function deviceCode(origin: string): Record<string, unknown> {
  return {
    user_code: 'ABCDEFGHJ',
    device_code: 'device-code',
    verification_uri: `${origin}/device`,
    expires_in: 900,
    interval: 1,
    message: 'Go there.',
  };
}

function tokens(claims: Record<string, unknown> = {}): Record<string, unknown> {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const id = {
    oid: objectId,
    tid: tenantId,
    preferred_username: 'ada@contoso.example',
    name: 'Ada',
    ...claims,
  };
  return {
    token_type: 'Bearer',
    scope: 'openid profile',
    expires_in: 3600,
    access_token: 'access-token',
    refresh_token: 'refresh-token',
    id_token: `${part({ alg: 'none' })}.${part(id)}.x`,
    client_info: part({ uid: objectId, utid: tenantId }),
  };
}

function signIn(directory: AzureDirectory, onCode: () => void = () => undefined) {
  return directory.signInWithDeviceCode({ onCode, signal: new AbortController().signal }).then(kept);
}

function polls(server: ScriptedServer): ReceivedRequest[] {
  return server.requests.filter(({ form }) => form.get('grant_type') === 'device_code');
}

describe.concurrent('a bad answer to the request for a code', () => {
  it.for([
    ['no device_code', (origin: string) => omit(deviceCode(origin), 'device_code')],
    ['no user_code', (origin: string) => omit(deviceCode(origin), 'user_code')],
    ['no verification_uri', (origin: string) => omit(deviceCode(origin), 'verification_uri')],
    [
      'a page elsewhere',
      (origin: string) => ({ ...deviceCode(origin), verification_uri: 'https://evil.example/device' }),
    ],
    [
      'a page of Microsoft, for a local tenant',
      (origin: string) => ({ ...deviceCode(origin), verification_uri: 'https://microsoft.com/devicelogin' }),
    ],
    [
      'a plain http page',
      (origin: string) => ({ ...deviceCode(origin), verification_uri: origin.replace('https', 'http') }),
    ],
    ['a code with markup', (origin: string) => ({ ...deviceCode(origin), user_code: '<img src=x>' })],
    ['an empty object', () => ({})],
  ] as [string, (origin: string) => Record<string, unknown>][])(
    '%s: fails, shows nothing and does not poll',
    async ([_title, body], { setup }) => {
      const { directory, server } = await start(setup, {
        devicecode: (to, at) => sendJson(to, 200, body(at)),
      });
      let shown = 0;
      await expect(signIn(directory, () => shown++)).rejects.toMatchObject({ code: 'authority-invalid' });
      expect(shown).toBe(0);
      expect(polls(server)).toHaveLength(0);
    },
  );

  it('an error in a body with status 200 is an error', async ({ setup }) => {
    const { directory } = await start(setup, {
      devicecode: (to) => sendJson(to, 200, { error: 'unauthorized_client', error_codes: [700016] }),
    });
    await expect(signIn(directory)).rejects.toMatchObject({ code: 'application-unknown' });
  });

  it('a login page of the network is no authority', async ({ setup }) => {
    const { directory } = await start(setup, {
      devicecode: (to) =>
        to.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome to our hotel</html>'),
    });
    await expect(signIn(directory)).rejects.toMatchObject({ code: 'authority-invalid' });
  });

  it('a redirect is not followed with what we post', async ({ setup }) => {
    const { directory, server } = await start(setup, {
      devicecode: (to, at) => to.writeHead(307, { location: `${at}/elsewhere` }).end(),
    });
    await expect(signIn(directory)).rejects.toMatchObject({ code: 'authority-unreachable' });
    expect(server.requests.filter(({ path }) => path === '/elsewhere')).toHaveLength(0);
  });

  it('a body without end is not read to its end', async ({ setup }) => {
    const { directory } = await start(setup, {
      devicecode: (to) => {
        const chunk = 'x'.repeat(1024 * 1024);
        const more = () => {
          if (!to.destroyed) to.write(chunk, more);
        };
        more();
      },
    });
    await expect(signIn(directory)).rejects.toMatchObject({ code: 'authority-invalid' });
  });
});

describe.concurrent('a discovery document', () => {
  const foreign = 'https://login.evil.example/t';
  it.for([
    ['empty', () => ({})],
    ['of something in between', () => ({ message: 'blocked by policy' })],
    [
      'with a number for an endpoint',
      (origin: string) => ({ ...discoveryDocument(origin), token_endpoint: 7 }),
    ],
    [
      'with another server for tokens',
      (origin: string) => ({ ...discoveryDocument(origin), token_endpoint: foreign }),
    ],
    [
      'with another port for tokens',
      (origin: string) => ({ ...discoveryDocument(origin), token_endpoint: 'https://127.0.0.1:1/token' }),
    ],
    [
      'with plain http for tokens',
      (origin: string) => ({
        ...discoveryDocument(origin),
        token_endpoint: `${origin.replace('https', 'http')}/token`,
      }),
    ],
    [
      'with another server for codes',
      (origin: string) => ({ ...discoveryDocument(origin), device_authorization_endpoint: foreign }),
    ],
  ] as [string, (origin: string) => Record<string, unknown>][])(
    '%s is refused and not kept: the next try asks again',
    async ([_title, body], { setup }) => {
      let asked = 0;
      const { directory, server } = await start(setup, {
        discovery: (to, origin) =>
          sendJson(to, 200, ++asked === 1 ? body(origin) : discoveryDocument(origin)),
      });
      await expect(signIn(directory)).rejects.toMatchObject({ code: 'authority-invalid' });
      expect(server.requests.filter(({ method }) => method === 'POST')).toEqual([]);
      await expect(signIn(directory)).resolves.toMatchObject({ objectId });
      expect(asked).toBe(2);
    },
  );
});

describe.concurrent('the pace of polling', () => {
  it('is 5 s where the authority says nothing', async ({ setup }) => {
    const { directory, server } = await start(setup, {
      devicecode: (to, at) => sendJson(to, 200, omit(deviceCode(at), 'interval')),
      token: (to, poll) =>
        poll < 2 ? sendJson(to, 400, { error: 'authorization_pending' }) : sendJson(to, 200, tokens()),
    });
    await expect(signIn(directory)).resolves.toMatchObject({ objectId });
    expect(gaps(polls(server))[0]).toBeGreaterThanOrEqual(4950);
  });

  it('is one second at the fastest, whatever the authority asks for', async ({ setup }) => {
    const { directory, server } = await start(setup, {
      devicecode: (to, at) => sendJson(to, 200, { ...deviceCode(at), interval: 0 }),
      token: (to, poll) =>
        poll < 3 ? sendJson(to, 400, { error: 'authorization_pending' }) : sendJson(to, 200, tokens()),
    });
    await signIn(directory);
    for (const gap of gaps(polls(server))) expect(gap).toBeGreaterThanOrEqual(950);
  });

  it('lets the code live 900 s at most', async ({ setup }) => {
    const { directory } = await start(setup, {
      devicecode: (to, at) => sendJson(to, 200, { ...omit(deviceCode(at), 'expires_in') }),
    });
    const before = Date.now();
    let expiresAt = 0;
    const { account } = await directory.signInWithDeviceCode({
      onCode: (code) => (expiresAt = code.expiresAt),
      signal: new AbortController().signal,
    });
    expect(account.objectId).toBe(objectId);
    expect(expiresAt - before).toBeGreaterThanOrEqual(900_000);
    expect(expiresAt - before).toBeLessThan(905_000);
  });

  it('goes on through every kind of trouble', async ({ setup }) => {
    const trouble: ((response: ServerResponse) => void)[] = [
      (to) => sendJson(to, 400, { error: 'temporarily_unavailable', error_codes: [90033] }),
      (to) => to.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"cut'),
      (to) => to.writeHead(502).end('<html>bad gateway</html>'),
    ];
    const { directory, server } = await start(setup, {
      token: (to, poll) => {
        const answer = trouble[poll - 1];
        if (answer) answer(to);
        else sendJson(to, 200, tokens());
      },
    });
    await expect(signIn(directory)).resolves.toMatchObject({ objectId });
    expect(polls(server)).toHaveLength(trouble.length + 1);
  });
});

describe.concurrent('a token answer that proves nothing', () => {
  it.for([
    ['no access_token', omit(tokens(), 'access_token')],
    ['no id_token', omit(tokens(), 'id_token')],
    ['an id_token without oid', tokens({ oid: undefined })],
    ['an id_token without tid', tokens({ tid: undefined })],
    ['an empty object', {}],
  ])('%s: nobody is signed in', async ([_title, body], { setup }) => {
    const { directory, cache } = await start(setup, { token: (to) => sendJson(to, 200, body) });
    await expect(signIn(directory)).rejects.toMatchObject({ code: 'authority-invalid' });
    expect(cache.writes).toBe(0);
    await expect(directory.restore()).resolves.toBeUndefined();
  });

  it('another tenant in the id_token: wrong-tenant, nothing kept', async ({ setup }) => {
    const { directory, cache } = await start(setup, {
      token: (to) => sendJson(to, 200, tokens({ tid: objectId })),
    });
    await expect(signIn(directory)).rejects.toMatchObject({ code: 'wrong-tenant' });
    expect(cache.writes).toBe(0);
  });
});

describe.concurrent('a sign-in through the browser', () => {
  /** Comes back from the browser with a code, as if the page had said yes. Passes the nonce on before. */
  async function comeBack(directory: AzureDirectory, onNonce: (nonce: string) => void = () => undefined) {
    const { url, done } = beginBrowserSignIn(directory);
    const address = await url;
    onNonce(new URL(address).searchParams.get('nonce') ?? '');
    const page = await visit(`${redirectOf(address)}/?code=x&state=${stateOf(address)}`);
    return { done, page, address };
  }

  it.for([
    ['another host', 'https://login.evil.example/authorize'],
    ['another port', 'https://127.0.0.1:1/authorize'],
    ['plain http', 'http://127.0.0.1/authorize'],
    ['a user part', 'https://127.0.0.1@evil.example/authorize'],
  ])('whose page would be at %s: no browser is opened', async ([_title, endpoint], { setup }) => {
    const { directory } = await start(setup, {
      discovery: (to, origin) =>
        sendJson(to, 200, { ...discoveryDocument(origin), authorization_endpoint: endpoint }),
    });
    const { url, done } = beginBrowserSignIn(directory);
    await expect(done).rejects.toMatchObject({ code: 'authority-invalid' });
    await expect(url).rejects.toMatchObject({ code: 'authority-invalid' });
  });

  it.for([
    ['no id_token', () => omit(tokens(), 'id_token')],
    ['an id_token without our nonce', () => tokens()],
    ['an id_token without oid', (nonce: string) => tokens({ nonce, oid: undefined })],
  ] as [string, (nonce: string) => Record<string, unknown>][])(
    '%s: nobody is signed in',
    async ([_title, body], { setup }) => {
      let nonce = '';
      const { directory, cache } = await start(setup, { token: (to) => sendJson(to, 200, body(nonce)) });
      const { done, page, address } = await comeBack(directory, (given) => (nonce = given));
      await expect(done).rejects.toMatchObject({ code: 'authority-invalid' });
      expect(page.text).toContain('You are not signed in');
      expect(await isOpen(redirectOf(address))).toBe(false);
      expect(cache.writes).toBe(0);
    },
  );

  it('another tenant in the id_token: wrong-tenant, nothing kept', async ({ setup }) => {
    let nonce = '';
    const { directory, cache } = await start(setup, {
      token: (to) => sendJson(to, 200, tokens({ nonce, tid: objectId })),
    });
    const { done } = await comeBack(directory, (given) => (nonce = given));
    await expect(done).rejects.toMatchObject({ code: 'wrong-tenant' });
    expect(cache.writes).toBe(0);
  });

  it('a code that was used up by a try whose answer was lost: start again', async ({ setup }) => {
    const { directory, server } = await start(setup, {
      token: (to, count) => {
        if (count === 1) to.destroy();
        else sendJson(to, 400, { error: 'invalid_grant', error_codes: [54005] });
      },
    });
    const { done } = await comeBack(directory);
    await expect(done).rejects.toMatchObject({ code: 'code-expired', entra: { aadsts: 54005 } });
    const verifiers = server.requests.map(({ form }) => form.get('code_verifier')).filter(Boolean);
    expect(verifiers).toHaveLength(2);
    expect(new Set(verifiers).size).toBe(1);
  });
});

describe.concurrent('a renewal that MSAL would start by itself', () => {
  it('is left out: its result would go by unchecked', async ({ setup }) => {
    const { directory, server } = await start(setup, {
      token: (to) => sendJson(to, 200, { ...tokens(), scope: `${server.origin}/User.Read`, refresh_in: 1 }),
    });
    await signIn(directory);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect(await directory.accessToken([`${server.origin}/User.Read`])).toBe('access-token');
    expect(server.requests.filter(({ form }) => form.get('grant_type') === 'refresh_token')).toHaveLength(0);
  });
});

describe.concurrent('a tenant that is configured by its domain', () => {
  it('is compared by the id in its discovery document', async ({ setup }) => {
    const right = await start(setup, {}, { tenant: 'contoso.example' });
    await expect(signIn(right.directory)).resolves.toMatchObject({ tenantId });
    const wrong = await start(
      setup,
      { token: (to) => sendJson(to, 200, tokens({ tid: objectId })) },
      { tenant: 'contoso.example' },
    );
    await expect(signIn(wrong.directory)).rejects.toMatchObject({ code: 'wrong-tenant' });
  });

  it('is refused where the document does not say the id', async ({ setup }) => {
    const { directory } = await start(
      setup,
      { discovery: (to, origin) => sendJson(to, 200, { issuer: `${origin}/{tenantid}/v2.0` }) },
      { tenant: 'contoso.example' },
    );
    await expect(signIn(directory)).rejects.toMatchObject({ code: 'authority-invalid' });
  });
});

function omit(body: Record<string, unknown>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));
}

function gaps(requests: ReceivedRequest[]): number[] {
  return requests.slice(1).map((request, index) => request.at - (requests[index]?.at ?? 0));
}
