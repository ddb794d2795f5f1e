import { createHash, randomBytes } from 'node:crypto';
import { Agent, request } from 'undici';
import { afterAll, describe, expect, test } from 'vitest';
import { samplePassword } from '../../../main/demo/tenant/organisation.ts';
import { createFormBrowser } from '../../support/verification-page.ts';
import { claimsOf, type Answer, openTenant } from './tenant-client.ts';

type FormBrowser = ReturnType<typeof createFormBrowser>;
type Page = ReturnType<FormBrowser['page']>;

const { tenant, client } = await openTenant();
const browser = createFormBrowser(tenant.caPem);
const dispatcher = new Agent({ connect: { ca: tenant.caPem } });

afterAll(async () => {
  await browser.close();
  await dispatcher.close();
});

const ada = 'ada@fabrikam.example';
const redirectUri = 'http://localhost:53123/';
const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
const errorOf = ({ body }: Answer) => [body['error'], (body['error_codes'] as number[] | undefined)?.[0]];

function authorizeUrl(change: Record<string, string | undefined> = {}): string {
  const parameters: Record<string, string | undefined> = {
    client_id: tenant.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile offline_access User.Read',
    state: 'the state',
    nonce: 'the nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...change,
  };
  const url = new URL(`${tenant.authority}/oauth2/v2.0/authorize`);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

/** Signs in on the pages until a redirect comes; returns its parameters. */
async function signIn(change: Record<string, string | undefined> = {}): Promise<Page> {
  await browser.open(authorizeUrl(change));
  const user = browser.buttons().find(({ text }) => text.includes(ada));
  if (user === undefined) throw new Error(browser.page().text);
  return browser.press(user);
}

/** The parameters of a redirect, which is not followed. */
async function redirectOf(url: string): Promise<URLSearchParams> {
  const { statusCode, headers } = await request(url, { dispatcher });
  expect(statusCode).toBe(302);
  const location = new URL(String(headers['location']));
  expect(`${location.origin}${location.pathname}`).toBe(redirectUri);
  return location.searchParams;
}

const redeem = (code: string, change: Record<string, string> = {}): Promise<Answer> =>
  client.post(`${tenant.authority}/oauth2/v2.0/token`, {
    grant_type: 'authorization_code',
    client_id: tenant.clientId,
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...change,
  });

/** The hidden fields of a form_post page. */
function postedFields({ markup }: Page): Record<string, string> {
  const fields = [...markup.matchAll(/name="(\w+)"\s+value="([^"]*)"/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  return Object.fromEntries(fields) as Record<string, string>;
}

describe('authorization code with PKCE', () => {
  test('form_post carries code and state; the code gives tokens once', async () => {
    const page = await signIn({ response_mode: 'form_post' });
    expect(page.markup).toContain(`action="${redirectUri}"`);
    const { code = '', state } = postedFields(page);
    expect(state).toBe('the state');
    const { status, body } = await redeem(code);
    expect(status).toBe(200);
    expect(claimsOf(body['id_token'])).toMatchObject({ nonce: 'the nonce', preferred_username: ada });
    expect(body).toHaveProperty('refresh_token');
    expect(errorOf(await redeem(code))).toEqual(['invalid_grant', 54005]);
  });

  test('query is the default', async () => {
    const page = await signIn();
    expect(page.status).toBe(302);
  });

  test('a wrong verifier, redirect address, client and a late redemption', async () => {
    const code = async () => postedFields(await signIn({ response_mode: 'form_post' }))['code'] ?? '';
    const first = await code();
    expect(errorOf(await redeem(first, { code_verifier: 'x'.repeat(43) }))).toEqual([
      'invalid_grant',
      501481,
    ]);
    expect(errorOf(await redeem(first, { redirect_uri: 'http://localhost:1/' }))).toEqual([
      'invalid_grant',
      70000,
    ]);
    const { clientId } = tenant.putApplication({ application: { displayName: 'Thief' } });
    expect(errorOf(await redeem(first, { client_id: clientId }))).toEqual(['invalid_grant', 70000]);
    tenant.shiftClock({ seconds: 601 });
    expect(errorOf(await redeem(first))).toEqual(['invalid_grant', 70008]);
    tenant.shiftClock({ seconds: -601 });
    expect((await redeem(first)).status).toBe(200);
  });

  test('the plain method', async () => {
    const change = {
      response_mode: 'form_post',
      code_challenge: 'plain-verifier',
      code_challenge_method: 'plain',
    };
    const { code = '' } = postedFields(await signIn(change));
    expect((await redeem(code, { code_verifier: 'plain-verifier' })).status).toBe(200);
  });

  test('a web redirect address needs the secret', async () => {
    const uri = 'https://app.fabrikam.example/callback';
    tenant.updateApplication({ clientId: tenant.clientId, change: { webRedirectUris: [uri] } });
    const { code = '' } = postedFields(await signIn({ response_mode: 'form_post', redirect_uri: uri }));
    expect(errorOf(await redeem(code, { redirect_uri: uri }))).toEqual(['invalid_client', 7000218]);
    const answer = await redeem(code, { redirect_uri: uri, client_secret: 'sample-application-secret' });
    expect(answer.status).toBe(200);
  });

  test('public client flows may be off: a browser sign-in still works', async () => {
    tenant.updateApplication({ clientId: tenant.clientId, change: { publicClientFlows: false } });
    const { code = '' } = postedFields(await signIn({ response_mode: 'form_post' }));
    const { status } = await redeem(code);
    tenant.updateApplication({ clientId: tenant.clientId, change: { publicClientFlows: true } });
    expect(status).toBe(200);
  });
});

describe('what is shown to the person instead of a redirect', () => {
  test.each([
    ['an unregistered redirect address', { redirect_uri: 'https://attacker.example/' }, 'AADSTS50011'],
    ['a loopback address with another path', { redirect_uri: 'http://localhost:1/other' }, 'AADSTS50011'],
    [
      'a name that only begins like localhost',
      { redirect_uri: 'http://localhost.attacker.example/' },
      'AADSTS50011',
    ],
    ['an unknown application', { client_id: '00000000-0000-4000-8000-00000000dead' }, 'AADSTS700016'],
    ['no redirect address', { redirect_uri: undefined }, 'AADSTS900144'],
  ])('%s', async (_, change, code) => {
    const page = await browser.open(authorizeUrl(change));
    expect(page.status).toBe(400);
    expect(page.text).toContain(code);
  });

  test('an unknown tenant', async () => {
    const page = await browser.open(authorizeUrl().replace(tenant.tenantId, 'nobody.example'));
    expect(page.text).toContain('AADSTS90002');
  });
});

describe('what goes back to the application', () => {
  test.each([
    ['prompt=none', { prompt: 'none' }, 'login_required', 50058],
    ['an unknown scope', { scope: 'Nothing.Read' }, 'invalid_scope', 70011],
    ['the implicit flow', { response_type: 'token' }, 'invalid_request', 90014],
    ['an unknown response mode', { response_mode: 'fragment' }, 'invalid_request', 90014],
  ])('%s', async (_, change, error, code) => {
    const parameters = await redirectOf(authorizeUrl(change));
    expect(parameters.get('error')).toBe(error);
    expect(parameters.get('error_description')).toMatch(new RegExp(`^AADSTS${code}: [^]*Trace ID: `));
    expect(parameters.get('state')).toBe('the state');
  });

  test('a cancelled sign-in is access_denied', async () => {
    await browser.open(authorizeUrl({ response_mode: 'form_post' }));
    const cancel = browser.buttons().find(({ value }) => value === 'cancel');
    if (cancel === undefined) throw new Error('no cancel button');
    expect(postedFields(await browser.press(cancel))).toMatchObject({
      error: 'access_denied',
      state: 'the state',
    });
  });

  test('a Conditional Access block is access_denied with 53003', async () => {
    const { id } = tenant.putPolicy({
      policy: { displayName: 'Block', effect: 'block', flows: ['authorization_code'] },
    });
    const fields = postedFields(await signIn({ response_mode: 'form_post' }));
    tenant.removePolicy({ policyId: id });
    expect(fields['error']).toBe('access_denied');
    expect(fields['error_description']).toContain('AADSTS53003');
  });

  test('consent that users may not give is consent_required', async () => {
    tenant.updateApplication({ clientId: tenant.clientId, change: { userConsentAllowed: false } });
    const fields = postedFields(await signIn({ response_mode: 'form_post', scope: 'openid Mail.Read' }));
    tenant.updateApplication({ clientId: tenant.clientId, change: { userConsentAllowed: true } });
    expect(fields['error']).toBe('consent_required');
  });

  test('consent on the page grants the permission from then on', async () => {
    const page = await signIn({ response_mode: 'form_post', scope: 'openid Mail.Read' });
    expect(page.title).toMatch(/^Permissions requested/);
    expect(page.text).toContain('Mail.Read');
    const accept = browser.buttons().find(({ value }) => value === 'continue');
    if (accept === undefined) throw new Error('no accept button');
    const { code = '' } = postedFields(await browser.press(accept));
    const { body } = await redeem(code);
    expect(String(claimsOf(body['access_token'])['scp']).split(' ')).toContain('Mail.Read');
    const again = await signIn({ response_mode: 'form_post', scope: 'openid Mail.Read' });
    expect(postedFields(again)).toHaveProperty('code');
    const forced = await signIn({ response_mode: 'form_post', scope: 'openid User.Read', prompt: 'consent' });
    expect(forced.title).toMatch(/^Permissions requested/);
  });
});

describe('the sign-in page', () => {
  test('takes name and password, keeps the hint, and says what is wrong', async () => {
    await browser.open(authorizeUrl({ response_mode: 'form_post', login_hint: ada }));
    expect(browser.page().markup).toContain(`value="${ada}"`);
    const wrong = await browser.submit({ username: ada, password: 'wrong', action: 'continue' });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('AADSTS50126');
    const unknown = await browser.submit({ username: 'nobody@x.example', password: 'x', action: 'continue' });
    expect(unknown.text).toContain('AADSTS50034');
    expect(unknown.markup).toContain('value="nobody@x.example"');
    const stranger = { username: 'jonas@tailspin.example', password: samplePassword, action: 'continue' };
    expect((await browser.submit(stranger)).text).toContain('AADSTS50020');
    const right = await browser.submit({ username: ada, password: samplePassword, action: 'continue' });
    expect(postedFields(right)).toHaveProperty('code');
  });
});
