import { describe, expect, test } from 'vitest';
import { createFormBrowser, enterCode } from '../../support/verification-page.ts';
import { claimsOf, openTenant } from './tenant-client.ts';

const { tenant, client } = await openTenant();

const enter = (userCode: string, user: string, decision?: 'approve' | 'decline') =>
  enterCode(tenant.verificationUri, tenant.caPem, userCode, user, decision);

describe('verification page', () => {
  test('code, user, confirmation, done: the device gets its tokens', async () => {
    const code = await client.deviceCode();
    const page = await enter(code['user_code'] ?? '', 'ada@fabrikam.example');
    expect(page.title).toMatch(/^You are signed in/);
    expect(page.text).toContain('Latchkey');
    const { status, body } = await client.poll(code['device_code'] ?? '');
    expect(status).toBe(200);
    expect(claimsOf(body['id_token'])['preferred_username']).toBe('ada@fabrikam.example');
  });

  test('a code may be typed in lower case with blanks and hyphens', async () => {
    const code = await client.deviceCode();
    const typed = (code['user_code'] ?? '').toLowerCase().replace(/^(...)(...)/, ' $1-$2 ');
    expect((await enter(typed, 'chiara@fabrikam.example')).title).toMatch(/^You are signed in/);
  });

  test('the code can come with the address', async () => {
    const browser = createFormBrowser(tenant.caPem);
    const page = await browser.open(`${tenant.verificationUri}?otc=BCDFGHJKL`);
    await browser.close();
    expect(page.markup).toContain('value="BCDFGHJKL"');
  });

  test('a second factor is asked for where the user has one', async () => {
    const code = await client.deviceCode();
    const browser = createFormBrowser(tenant.caPem);
    await browser.open(tenant.verificationUri);
    await browser.submit({ user_code: code['user_code'] ?? '' });
    const titles: string[] = [];
    for (const pressed of ['bruno@fabrikam.example', 'Approve', 'Continue']) {
      const button = browser.buttons().find(({ text }) => text.includes(pressed));
      if (button === undefined) throw new Error(`no button ${pressed} on ${browser.page().text}`);
      titles.push((await browser.press(button)).title.replace(' - Local tenant', ''));
    }
    await browser.close();
    expect(titles).toEqual([
      'Approve the sign-in',
      'Are you trying to sign in to Latchkey?',
      'You are signed in',
    ]);
    const { body } = await client.poll(code['device_code'] ?? '');
    expect(claimsOf(body['access_token'])['amr']).toEqual(['pwd', 'mfa']);
  });

  test('declined: on the confirmation page, the second factor and the consent', async () => {
    for (const [user, scope] of [
      ['ada@fabrikam.example', 'openid User.Read'],
      ['bruno@fabrikam.example', 'openid User.Read'],
      ['ada@fabrikam.example', 'openid Mail.Read'],
    ] as const) {
      const code = await client.deviceCode(scope);
      const page = await enter(code['user_code'] ?? '', user, 'decline');
      expect(page.title).toMatch(/^Sign-in declined/);
      const polled = await client.poll(code['device_code'] ?? '');
      expect(polled.body).toMatchObject({ error: 'authorization_declined', error_codes: [65004] });
    }
  });

  test('a disabled user is told so and somebody else can sign in', async () => {
    const code = await client.deviceCode();
    const refused = await enter(code['user_code'] ?? '', 'esther@fabrikam.example');
    expect(refused.text).toContain('AADSTS50057');
    expect((await client.poll(code['device_code'] ?? '')).body['error']).toBe('authorization_pending');
    const page = await enter(code['user_code'] ?? '', 'ada@fabrikam.example');
    expect(page.title).toMatch(/^You are signed in/);
  });

  test('a block by Conditional Access is shown, and the device gets it', async () => {
    const { id } = tenant.putPolicy({
      policy: { displayName: 'Block', effect: 'block', flows: ['device_code'] },
    });
    const code = await client.deviceCode();
    const page = await enter(code['user_code'] ?? '', 'ada@fabrikam.example');
    const polled = await client.poll(code['device_code'] ?? '');
    tenant.removePolicy({ policyId: id });
    expect(page.status).toBe(403);
    expect(page.text).toContain('AADSTS53003');
    expect(polled.body).toMatchObject({ error: 'invalid_grant', error_codes: [53003] });
    expect(polled.body['claims']).toContain(id);
  });

  test('a code is good for one sign-in; a page of an ended one does nothing', async () => {
    const code = await client.deviceCode();
    const first = createFormBrowser(tenant.caPem);
    await first.open(tenant.verificationUri);
    await first.submit({ user_code: code['user_code'] ?? '' });
    await enter(code['user_code'] ?? '', 'ada@fabrikam.example');
    const late = first.buttons().find(({ text }) => text.includes('chiara@'));
    if (late === undefined) throw new Error('no list of users');
    expect((await first.press(late)).title).toMatch(/^Nothing to sign in to/);
    await first.close();
    expect((await enter(code['user_code'] ?? '', 'chiara@fabrikam.example')).text).toMatch(
      /wrong or has expired/,
    );
    const { body } = await client.poll(code['device_code'] ?? '');
    expect(claimsOf(body['id_token'])['preferred_username']).toBe('ada@fabrikam.example');
  });

  test('names from the directory are text, never markup', async () => {
    const code = await client.deviceCode();
    const page = await enter(code['user_code'] ?? '', 'farid@fabrikam.example');
    expect(page.markup).toContain('&lt;b&gt;Farid&lt;/b&gt; &amp; &quot;Sons&quot;');
    expect(page.markup).not.toContain('<b>');
  });

  test('pages bring a policy without scripts and frames', async () => {
    const { headers } = await client.get(tenant.verificationUri);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).not.toContain('script-src');
  });

  test('after ten wrong codes even a right one is refused for a quarter of an hour', async () => {
    const code = await client.deviceCode();
    for (let index = 0; index < 10; index += 1) {
      expect((await enter('WRONGCODE', 'ada@fabrikam.example')).status).toBe(400);
    }
    const blocked = await enter(code['user_code'] ?? '', 'ada@fabrikam.example');
    expect(blocked.status).toBe(429);
    expect(blocked.text).toContain('Too many wrong codes');
    tenant.shiftClock({ seconds: 15 * 60 + 1 });
    const fresh = await client.deviceCode();
    const page = await enter(fresh['user_code'] ?? '', 'ada@fabrikam.example');
    tenant.shiftClock({ seconds: -15 * 60 - 1 });
    expect(page.title).toMatch(/^You are signed in/);
  });
});
