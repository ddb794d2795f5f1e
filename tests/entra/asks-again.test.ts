import { describe, expect } from 'vitest';
import type { LatchkeyError } from '../../main/contract/errors.ts';
import { createEntraTokens } from '../../main/broker/entra-tokens.ts';
import { createEntraSource } from '../../main/credentials/entra.ts';
import { mergeClaims } from '../../main/session/demands.ts';
import { sessionUnderTest } from '../session/scripted-provider.ts';
import { createTenantProvider } from '../support/tenant-provider.ts';
import { createSystemBrowser, visit } from './system-browser.ts';
import { it, type Setup } from './tenant-fixture.ts';

const ada = 'ada@fabrikam.example';
const ossrdbms = 'https://ossrdbms-aad.database.windows.net';
const sql = 'https://database.windows.net';
const soon = { timeout: 20_000, interval: 20 };

/** Ada signed in through a browser that stays signed in, and tokens for databases as the broker asks for them. */
async function start(setup: Setup) {
  const tenant = await setup.startTenant();
  const browser = createSystemBrowser(setup, tenant);
  const fetch = setup.trustingFetch(tenant);
  const opened: string[] = [];
  const provider = createTenantProvider(
    tenant,
    { fetch, openBrowser: async (url) => void opened.push(url) },
    ['browser', 'device-code'],
  );
  const { create, events } = sessionUnderTest([], {
    providers: [provider],
    now: Date.now,
    monotonic: () => performance.now(),
  });
  const session = create();
  setup.onClose(session.close);
  const source = createEntraSource({
    entraToken: createEntraTokens({ providerNamed: () => provider, session }),
    cloudOf: () => 'local',
    now: () => 0,
  });
  /** What a login for this resource gets, or why not. */
  async function tokenFor(resource: string): Promise<string> {
    const live = session.all().at(-1);
    if (live === undefined) throw new Error('nobody is signed in');
    return source.accessToken(`${resource}/.default`, live, new AbortController().signal).then(
      () => 'a token',
      (error: LatchkeyError) => `${error.message}. ${error.remedy ?? ''}`,
    );
  }
  /** Starts a sign-in; returns what its page was asked. */
  async function page(): Promise<URL> {
    await session.signIn({ way: 'browser' });
    await expect.poll(() => opened.length, soon).toBe(1);
    return new URL(opened.shift() ?? '');
  }
  /** Opens the page, answers it (with a second factor where that is asked for), and waits for the end. */
  async function answer(address: URL): Promise<void> {
    const before = session.all().at(-1)?.since;
    let next = await browser.open(address.href);
    if (next === undefined) next = await browser.press(ada);
    if (next === undefined && browser.text().includes('Approve')) next = await browser.press('Approve');
    await visit(next ?? '');
    await expect.poll(() => session.state().kind, soon).toBe('signed-in');
    expect(session.all().at(-1)?.since).not.toBe(before);
  }
  await answer(await page());
  return { tenant, session, events, tokenFor, page, answer, browser };
}

const askedOf = (url: URL) => ({
  prompt: url.searchParams.get('prompt'),
  maxAge: url.searchParams.get('max_age'),
  policies: (
    JSON.parse(url.searchParams.get('claims') ?? '{}') as {
      access_token?: { capolids?: { values: string[] } };
    }
  ).access_token?.capolids?.values.toSorted(),
});

describe('a database whose policy wants a newer sign-in, and sends no claims', () => {
  it('is given after the next sign-in, which asks although the browser is signed in', async ({ setup }) => {
    const { tenant, tokenFor, page, answer } = await start(setup);
    tenant.putPolicy({
      policy: { displayName: 'Hourly', effect: 'sign_in_frequency', resources: [ossrdbms] },
    });
    tenant.shiftClock({ seconds: 3700 });
    const refusal = await tokenFor(ossrdbms);
    expect(refusal).toMatch(
      /older than the tenant allows \(sign-in frequency\) \(AADSTS70043, request [\w-]+/,
    );
    expect(refusal).toMatch(/latchkey login --again.*--browser/);
    // The other database has no such policy.
    expect(await tokenFor(sql)).toBe('a token');
    const address = await page();
    expect(askedOf(address)).toMatchObject({ prompt: 'login', maxAge: '0' });
    await answer(address);
    expect(await tokenFor(ossrdbms)).toBe('a token');
    // Met, and so asked once.
    expect(askedOf(await page())).toMatchObject({ prompt: 'select_account', maxAge: null });
  });

  it('also where the person reads "sign in again" as signing out first, or begins twice', async ({
    setup,
  }) => {
    const { tenant, session, tokenFor, page, answer } = await start(setup);
    tenant.putPolicy({
      policy: { displayName: 'Hourly', effect: 'sign_in_frequency', resources: [ossrdbms] },
    });
    tenant.shiftClock({ seconds: 3700 });
    expect(await tokenFor(ossrdbms)).toContain('70043');
    await session.signOut();
    await page();
    await session.cancelSignIn();
    const address = await page();
    expect(askedOf(address)).toMatchObject({ prompt: 'login' });
    await answer(address);
    expect(await tokenFor(ossrdbms)).toBe('a token');
  });

  it('the page for a device code is told the same', async ({ setup }) => {
    const { tenant, session, tokenFor, browser } = await start(setup);
    tenant.putPolicy({
      policy: { displayName: 'Hourly', effect: 'sign_in_frequency', resources: [ossrdbms] },
    });
    tenant.shiftClock({ seconds: 3700 });
    expect(await tokenFor(ossrdbms)).toContain('70043');
    await session.signIn({ way: 'device-code' });
    await expect.poll(() => session.state().kind, soon).toBe('code');
    const [request] = tenant.requests().filter(({ endpoint }) => endpoint === 'devicecode');
    expect(request?.values).toMatchObject({ prompt: 'login' });
    const state = session.state();
    if (state.kind !== 'code') throw new Error(state.kind);
    // Picking the account that the browser is signed in with is not enough for it.
    const since = session.all().at(-1)?.since;
    await browser.open(state.verificationUri);
    expect(await browser.enter(state.userCode)).toBeUndefined();
    await browser.press(ada);
    await browser.press('Continue');
    await expect.poll(() => session.all().at(-1)?.since, soon).not.toBe(since);
    expect(await tokenFor(ossrdbms)).toBe('a token');
  });

  it('and so is the directory itself, whose refusal ends the session', async ({ setup }) => {
    const { tenant, session, page, answer } = await start(setup);
    tenant.putPolicy({ policy: { displayName: 'Hourly', effect: 'sign_in_frequency' } });
    tenant.shiftClock({ seconds: 3700 });
    await session.refresh();
    expect(session.state()).toMatchObject({ kind: 'signed-out', problem: { entra: { aadsts: 70043 } } });
    const address = await page();
    expect(askedOf(address)).toMatchObject({ prompt: 'login', maxAge: '0' });
    await answer(address);
    await session.refresh();
    expect(session.state()).toMatchObject({ kind: 'signed-in' });
  });
});

describe('an answer to a database that speaks of a dead grant', () => {
  const revoked = { type: 'error', endpoint: 'token', grantType: 'refresh_token', code: 50173 } as const;
  const ended = { event: 'ended' };

  it('has the sign-in itself renewed once, and ends nothing where that is good', async ({ setup }) => {
    const { tenant, session, events, tokenFor } = await start(setup);
    const [before] = session.all();
    const renewals = () =>
      tenant
        .requests()
        .filter(
          ({ values }) => values['grant_type'] === 'refresh_token' && !values['scope']?.includes(ossrdbms),
        );
    tenant.clearRequests();
    tenant.addFault({ ...revoked, times: 1 });
    expect(await tokenFor(ossrdbms)).toContain('The sign-in was revoked');
    await expect.poll(() => session.all()[0]?.groupsReadAt, soon).not.toBe(before?.groupsReadAt);
    expect(renewals()).toHaveLength(1);
    expect(session.all()).toMatchObject([{ id: before?.id, since: before?.since }]);
    expect(events).not.toContainEqual(expect.objectContaining(ended));
    expect(await tokenFor(ossrdbms)).toBe('a token');
  });

  it('ends the session where the sign-in is told the same', async ({ setup }) => {
    const { tenant, session, events, tokenFor } = await start(setup);
    tenant.addFault(revoked);
    expect(await tokenFor(ossrdbms)).toContain('The sign-in was revoked');
    await expect.poll(() => session.all(), soon).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining(ended));
  });
});

describe('two databases with a policy each', () => {
  it('the next sign-in satisfies both, and each refusal names its own', async ({ setup }) => {
    const { tenant, session, tokenFor, page } = await start(setup);
    const put = (displayName: string, resource: string) =>
      tenant.putPolicy({ policy: { displayName, effect: 'require_mfa', resources: [resource] } }).id;
    const [first, second] = [put('MFA for PostgreSQL', ossrdbms), put('MFA for SQL Server', sql)];
    expect(await tokenFor(ossrdbms)).toContain(`(Conditional Access policy ${first})`);
    expect(await tokenFor(sql)).toContain(`(Conditional Access policy ${second})`);
    const address = await page();
    expect(askedOf(address).policies).toEqual([first, second].toSorted());
    await session.cancelSignIn();
    // One that is given again is not asked for any more.
    tenant.removePolicy({ policyId: second });
    expect(await tokenFor(sql)).toBe('a token');
    const later = await page();
    expect(askedOf(later).policies).toEqual([first]);
    // What is missing stands in the claims: the password need not be typed for it.
    expect(later.searchParams.get('prompt')).toBe('select_account');
  });
});

describe('claims in one', () => {
  const merged = (...texts: string[]): unknown => JSON.parse(mergeClaims(texts) ?? 'null');

  it('lists together, the later of two times, and what only one has', () => {
    expect(
      merged(
        '{"access_token":{"capolids":{"essential":true,"values":["a"]},"nbf":{"essential":true,"value":"1700000000"}}}',
        '{"access_token":{"capolids":{"essential":true,"values":["b","a"]},"nbf":{"essential":true,"value":"1800000000"}}}',
        '{"id_token":{"acrs":{"essential":true,"value":"c1"},"email":null}}',
        '{"id_token":{"acrs":{"value":"c2"}}}',
      ),
    ).toEqual({
      access_token: {
        capolids: { essential: true, values: ['b', 'a'] },
        nbf: { essential: true, value: '1800000000' },
      },
      id_token: { acrs: { essential: true, values: ['c2', 'c1'] }, email: null },
    });
  });

  it('one alone stays as it is; what is no JSON object, and what makes an address too long, is left out', () => {
    expect(mergeClaims(['{ "x": 1 }'])).toBe('{ "x": 1 }');
    expect(mergeClaims([])).toBeUndefined();
    expect(mergeClaims(['{"x":', '[1]', '{"x":1}'])).toBe('{"x":1}');
    const long = (id: number) =>
      JSON.stringify({ access_token: { capolids: { values: [String(id).repeat(2500)] } } });
    expect(merged(long(1), long(2), long(3))).toEqual({
      access_token: { capolids: { values: ['3'.repeat(2500), '2'.repeat(2500)] } },
    });
  });
});
