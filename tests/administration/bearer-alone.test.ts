import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Action, actions } from '../../main/contract/actions.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { startWorld, storePasswords } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { installBrowser, type PersonBrowser } from '../support/person-browser.ts';
import { useAll } from '../support/use-all.ts';
import { deeds } from './deeds.ts';
import { accountPassword, ada, setUpAccount, startAdministered, type AdministeredWorld } from './world.ts';

/** `npm run verify -- bearer-alone` does many more. */
const rounds = 2;

describeWith([parts.postgres], "whoever has the API's bearer alone", () => {
  let administered: AdministeredWorld;
  let browser: PersonBrowser;

  /** Tries each deed with these proofs; nothing may come of it. */
  async function tryAll(proofs: object[], codes: readonly string[]): Promise<void> {
    const { latchkey, post, footprint } = administered;
    const before = await footprint();
    let tried = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (const [path, body] of deeds) {
        for (const proof of proofs) {
          const answer = await post(path, { ...body, ...proof }).catch((error: { code: string }) => error);
          expect(codes, `${path} ${JSON.stringify(answer)}`).toContain((answer as { code: string }).code);
          tried += 1;
        }
      }
    }
    expect(await footprint()).toBe(before);
    expect(await latchkey.audit('administration-refused')).not.toHaveLength(0);
    expect(tried).toBe(rounds * deeds.length * proofs.length);
  }

  const world = useAll(startWorld);
  beforeAll(async () => {
    administered = await startAdministered(world);
    const { latchkey } = administered;
    browser = await installBrowser(latchkey, world);
    await setUpAccount(latchkey, 'local', 'set-up', 'night');
    await latchkey.serve.start();
    await storePasswords(latchkey, world);
    const api = await latchkey.client();
    expect(await api.get('/v1/secrets')).toMatchObject({ passwords: expect.any(Array) as object });
  });
  afterAll(async () => {
    await administered.close();
    await browser.close();
  });

  it('has a body here for every route that administers', () => {
    const administering = Object.values<Action>(actions).flatMap(({ may, route }) =>
      may === 'administers' && route !== undefined ? [route.replace('POST ', '')] : [],
    );
    expect(new Set(deeds.map(([path]) => path))).toEqual(new Set(administering));
  });

  it('changes nothing while nobody is signed in, whatever they send as a proof', async () => {
    const invented = randomBytes(16).toString('hex');
    await tryAll([{}, { code: '123456' }, { phone: true }, { setUp: invented }], ['sign-in-required']);
  });

  it('changes nothing after a restart, which is no sign-in of a person', async () => {
    const { latchkey } = administered;
    await latchkey.signIn(ada);
    await latchkey.serve.stop();
    await latchkey.serve.start();
    await latchkey.until(({ signIn }) => signIn.kind === 'signed-in');
    await tryAll([{}, { code: '123456' }, { phone: true }], ['mfa-required']);
    await latchkey.signOut();
  });

  it('changes nothing after a sign-in that a signed-in browser has answered without asking', async () => {
    const { latchkey } = administered;
    expect(await browser.signIn(ada)).toBeDefined();
    await latchkey.signOut();
    // What the page has asked a minute ago it has not asked now.
    world.tenant.shiftClock({ seconds: 60 });
    expect(await browser.signIn(ada)).toBeUndefined();
    await tryAll([{}, { code: '123456' }, { phone: true }], ['mfa-required']);
    await latchkey.signOut();
  });

  it('changes nothing while somebody is signed in who has a second factor', async () => {
    const { latchkey, enrol } = administered;
    await latchkey.signIn(ada);
    const { recoveryCodes } = await enrol();
    await tryAll([{}, { phone: true }], ['mfa-required']);
    // A code that has been used, by the person, is of no use to anybody else.
    const [used = ''] = recoveryCodes;
    await administered.post('/v1/secrets', { name: 'payroll-clerk', value: 'mine', code: used });
    const before = await administered.footprint();
    for (const [path, body] of deeds.slice(0, 5)) {
      await expect(administered.post(path, { ...body, code: used })).rejects.toMatchObject({
        code: 'mfa-wrong',
      });
    }
    expect(await administered.footprint()).toBe(before);
  });

  it('can name no account and no group: both stand in the file alone', async () => {
    const { post } = administered;
    for (const more of [{ groups: [fabrikam.groups.finance] }, { displayName: 'Evil' }]) {
      const body = { username: 'spare', password: accountPassword, ...more };
      await expect(post('/v1/local-accounts/add', body)).rejects.toMatchObject({ code: 'request-invalid' });
    }
    expect(JSON.stringify(actions)).not.toContain('local-accounts/groups');
  });
});
