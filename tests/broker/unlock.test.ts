import { describe, expect, it } from 'vitest';
import { proveUnlock } from '../../main/broker/screen-lock.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { Account } from '../../main/contract/state.ts';

const account = (name: string): Account => ({
  provider: 'work',
  tenantId: 't',
  objectId: `id-${name}`,
  username: `${name}@t.example`,
  displayName: name,
});
const [ada, bruno, carla] = ['ada', 'bruno', 'carla'].map(account) as [Account, Account, Account];

/** An authenticator shows its owner's own code. */
async function unlock(
  enrolled: readonly Account[],
  { as, code }: { as?: Account; code?: string } = {},
): Promise<string[]> {
  const verified: string[] = [];
  await proveUnlock(
    {
      accounts: [ada, bruno, carla],
      as,
      enrolled: async (one) => enrolled.includes(one),
      async verify(one, given) {
        if (given !== one.displayName) throw new LatchkeyError('mfa-wrong', 'This code is wrong.');
        verified.push(one.username);
      },
    },
    code,
  );
  return verified;
}

describe('a command that unlocks', () => {
  it('takes the code of the only one of several accounts that has an authenticator', async () => {
    expect(await unlock([bruno], { code: 'bruno' })).toEqual(['bruno@t.example']);
    // No other account's code stands in for it, and none is tried against two.
    await expect(unlock([bruno], { code: 'ada' })).rejects.toMatchObject({ code: 'mfa-wrong' });
    await expect(unlock([bruno])).rejects.toMatchObject({ code: 'mfa-required' });
  });

  it('wants to be told whose code it is where several have one, before any is looked at', async () => {
    await expect(unlock([ada, carla], { code: 'ada' })).rejects.toMatchObject({
      code: 'account-ambiguous',
      message: 'Several accounts have an authenticator: ada@t.example, carla@t.example.',
    });
    expect(await unlock([ada, carla], { as: carla, code: 'carla' })).toEqual(['carla@t.example']);
    await expect(unlock([ada, carla], { as: carla, code: 'ada' })).rejects.toMatchObject({
      code: 'mfa-wrong',
    });
  });

  it('takes a sign-in where nobody has one, or the account that is meant has none', async () => {
    await expect(unlock([], { code: '123456' })).rejects.toMatchObject({ code: 'sign-in-required' });
    await expect(unlock([ada], { as: bruno, code: 'ada' })).rejects.toMatchObject({
      code: 'sign-in-required',
    });
  });
});
