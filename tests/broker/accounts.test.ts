import { readFile, writeFile } from 'node:fs/promises';
import type { Client as PgClient } from 'pg';
import { afterEach, expect, it } from 'vitest';
import type { ApiState } from '../../main/contract/api-state.ts';
import type { Account } from '../../main/contract/state.ts';
import { tailspin } from '../../main/demo/tenant/organisation.ts';
import { connect, createLatchkey, refusalOf, soon, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';
const bruno = 'bruno@fabrikam.example';
/** Of the tenant whose accounts are privileged here. */
const ines = 'ines@tailspin.example';

describeWith([parts.postgres], 'accounts of a provider with rules of its own', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() =>
    createLatchkey(world, {
      configure({ providers, connections }) {
        const [usual] = providers;
        if (usual === undefined) return;
        Object.assign(usual, { domains: ['fabrikam.example'] });
        const authority = world.tenant.authorities[1]?.authority ?? '';
        const own = { deadline: '10m', exclusive: true, domains: ['tailspin.example'] };
        providers.push({ ...usual, ...own, name: 'admins', authority, applicationId: tailspin.clientId });
        const [sales] = connections;
        const [owner] = sales?.rules ?? [];
        if (owner !== undefined) sales?.rules.push({ ...owner, group: tailspin.groups.pilots });
      },
    }),
  );
  afterEach(() => latchkey.signOut());

  const names = ({ accounts }: ApiState): string[] => accounts.map(({ account }) => account.username);

  /** Resolves when the sign-in has come to its end, one way or the other. */
  async function signIn(username: string): Promise<ApiState> {
    await (await latchkey.client()).post('/v1/sign-in', { username });
    const { signIn: shown } = await latchkey.until(({ signIn: { kind } }) => kind !== 'working');
    if (shown.kind === 'code') world.tenant.complete({ userCode: shown.userCode, user: username });
    return latchkey.until(({ signIn: { kind } }) => kind !== 'working' && kind !== 'code');
  }

  /** A database session of this account. */
  const open = async (as: string): Promise<PgClient> =>
    connect(await latchkey.token({ connection: 'sales', as }));

  const isOpen = (client: PgClient): Promise<boolean> =>
    client.query('select 1').then(
      () => true,
      () => false,
    );

  async function setRule(from: RegExp, to: string): Promise<void> {
    const text = await readFile(latchkey.config, 'utf8');
    expect(text).toMatch(from);
    await writeFile(latchkey.config, text.replace(from, to));
    await (await latchkey.client()).post('/v1/configuration/reload', {});
  }

  it('exclusive: true signs the others out when one of these comes, with all that they have open', async () => {
    await signIn(ada);
    expect(names(await signIn(bruno))).toEqual([ada, bruno]);
    const token = await latchkey.token({ connection: 'sales', as: bruno });
    const clients = [await open(ada), await open(bruno)];
    expect(names(await signIn(ines))).toEqual([ines]);
    for (const client of clients) await expect.poll(() => isOpen(client), soon).toBe(false);
    expect(await refusalOf(connect(token))).toMatchObject({ message: 'This token has been revoked.' });
    const ended = await latchkey.audit('session-expired');
    expect(ended.map(({ account, why }) => [(account as Account).username, why])).toEqual([
      [ada, 'replaced'],
      [bruno, 'replaced'],
    ]);
  });

  it('and is out itself when another one comes', async () => {
    await signIn(ines);
    const client = await open(ines);
    expect(names(await signIn(ada))).toEqual([ada]);
    await expect.poll(() => isOpen(client), soon).toBe(false);
    const own = await open(ada);
    expect(await isOpen(own)).toBe(true);
    await own.end();
  });

  it('has a deadline of its own, which a reload can shorten', async () => {
    const lasts = ({ accounts }: ApiState): number[] =>
      accounts.map(({ since, until }) => (Date.parse(until) - Date.parse(since)) / 60_000);
    expect(lasts(await signIn(ada))).toEqual([480]);
    expect(lasts(await signIn(ines))).toEqual([10]);
    await setRule(/deadline: 10m/, 'deadline: 5m');
    expect(lasts(await latchkey.state())).toEqual([5]);
    await setRule(/deadline: 5m/, 'deadline: 10m');
    // Nobody stays longer than was said when they came.
    expect(lasts(await latchkey.state())).toEqual([5]);
  });

  it('exclusive: refuse lets nobody in beside them, and none of them beside others; nobody is signed out for it', async () => {
    await setRule(/exclusive: true/, 'exclusive: refuse');
    await signIn(ada);
    const client = await open(ada);
    await expect(signIn(ines)).rejects.toMatchObject({
      code: 'request-refused',
      message: `Accounts of "admins" are let in alone, and ${ada} is signed in.`,
    });
    expect(names(await latchkey.state())).toEqual([ada]);
    expect(await isOpen(client)).toBe(true);
    await client.end();

    await latchkey.signOut();
    await signIn(ines);
    const own = await open(ines);
    await expect(signIn(ada)).rejects.toMatchObject({
      code: 'request-refused',
      message: `${ines} is signed in with "admins", beside which nobody is let in.`,
    });
    expect(names(await latchkey.state())).toEqual([ines]);
    expect(await isOpen(own)).toBe(true);
    await own.end();
  });
});
