import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { describe, expect } from 'vitest';
import { enterCode, live, ossrdbms, signIn, soon, start } from './people-world.ts';
import { it } from './world.ts';

describe('two people, one moment', () => {
  it('while the groups of the second are read, a login of the first gets the token of the first', async ({
    world,
  }) => {
    const started = await start(world);
    const { tenant, session, login, provider, events } = started;
    const ada = await signIn(started, 'ada@fabrikam.example', fabrikam.users.ada);
    tenant.addFault({ type: 'hang', endpoint: 'graph' });
    await enterCode(started, 'bruno@fabrikam.example');
    await expect.poll(() => session.state(), soon).toMatchObject({ step: 'reading-groups' });
    const loggedIn = await login(ada);
    expect(loggedIn).toMatchObject({ oid: fabrikam.users.ada, aud: ossrdbms });
    expect(await provider.restore(fabrikam.users.ada)).toMatchObject({ objectId: fabrikam.users.ada });
    expect(session.state()).toMatchObject({ step: 'reading-groups' });
    await session.cancelSignIn();
    // Nothing of the second is left: neither in the cache nor in the session.
    expect(live(started).id).toBe(ada.id);
    expect((await provider.renew(fabrikam.users.ada)).objectId).toBe(fabrikam.users.ada);
    expect(events.filter(({ event }) => event === 'ended')).toEqual([]);
  });

  it('a token that was fetched for the first is nobody’s once the first is signed out, whoever has come', async ({
    world,
  }) => {
    const started = await start(world);
    const { tenant, login, databaseRequests } = started;
    const ada = await signIn(started, 'ada@fabrikam.example', fabrikam.users.ada);
    tenant.addFault({ type: 'latency', endpoint: 'token', grantType: 'refresh_token', milliseconds: 60_000 });
    const slow = login(ada);
    slow.catch(() => undefined);
    await expect.poll(databaseRequests, soon).toBe(1);
    const bruno = await signIn(started, 'bruno@fabrikam.example', fabrikam.users.bruno);
    await started.session.signOutOf(ada.id);
    // The slow fetch neither holds up the second person nor ends in a credential.
    await expect(slow).rejects.toMatchObject({ code: 'credential-failed' });
    tenant.clearFaults();
    await expect(login(ada)).rejects.toMatchObject({ code: 'credential-failed' });
    expect(await login(bruno)).toMatchObject({ oid: fabrikam.users.bruno });
  });

  it('what the directory has asked for while the first signed in holds for the second', async ({ world }) => {
    const started = await start(world);
    const { tenant, session } = started;
    const asked = () => tenant.requests().filter(({ endpoint }) => endpoint === 'graph').length;
    const busy = { kind: 'signed-out', problem: { code: 'directory-unreachable' } };
    tenant.addFault({ type: 'throttle', endpoint: 'graph', retryAfter: 120 });
    await enterCode(started, 'ada@fabrikam.example');
    await expect.poll(() => session.state(), soon).toMatchObject(busy);
    expect(asked()).toBe(1);
    await enterCode(started, 'bruno@fabrikam.example');
    await expect
      .poll(() => session.state(), soon)
      .toMatchObject({
        ...busy,
        problem: { remedy: expect.stringMatching(/try again in \d+ minutes \(after/) as string },
      });
    expect(asked()).toBe(1);
  });
});
