import { describe, expect, it } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { answerOf, isOfDomain, routeSignIn, type ChainLink } from '../../main/session/chain.ts';

const asked: string[] = [];
const fabrikam: ChainLink = {
  name: 'fabrikam',
  type: 'azure-directory',
  enabled: true,
  domains: ['fabrikam.example'],
};
const tailspin: ChainLink = {
  name: 'tailspin',
  type: 'azure-directory',
  enabled: true,
  domains: ['tailspin.example'],
};
const anybody: ChainLink = { name: 'anybody', type: 'azure-directory', enabled: true, domains: [] };
const emergency: ChainLink = {
  name: 'emergency',
  type: 'local',
  enabled: true,
  domains: [],
  knows: async (username) => {
    asked.push(username);
    return username === 'breakglass';
  },
};

describe('the chain', () => {
  it('stops at the first provider that the name belongs to', async () => {
    asked.length = 0;
    const route = await routeSignIn([fabrikam, anybody, emergency], 'Ada@FABRIKAM.example');
    expect(route).toMatchObject({ provider: 'fabrikam', steps: [{ provider: 'fabrikam', answer: 'mine' }] });
    expect(asked).toEqual([]);
  });

  it('goes on past providers that say "not mine", in order', async () => {
    const route = await routeSignIn([fabrikam, tailspin, emergency], 'breakglass');
    expect(route.provider).toBe('emergency');
    expect(route.steps.map(({ provider, answer }) => [provider, answer])).toEqual([
      ['fabrikam', 'not-mine'],
      ['tailspin', 'not-mine'],
      ['emergency', 'mine'],
    ]);
  });

  it('denies at its end', async () => {
    const route = await routeSignIn([fabrikam, emergency], 'eve@elsewhere.example');
    expect(route.provider).toBeUndefined();
    expect(route.steps).toHaveLength(2);
    expect(await routeSignIn([], 'ada@fabrikam.example')).toEqual({ steps: [] });
  });

  it('passes over a provider that is turned off', async () => {
    const route = await routeSignIn([{ ...fabrikam, enabled: false }, anybody], 'ada@fabrikam.example');
    expect(route.provider).toBe('anybody');
    expect(route.steps[0]).toMatchObject({ answer: 'not-mine', because: 'it is turned off' });
  });

  it('is not fooled by a domain in the middle of a name', () => {
    expect(isOfDomain('ada@fabrikam.example@evil.example', ['fabrikam.example'])).toBe(false);
    expect(isOfDomain('ada@sub.fabrikam.example', ['fabrikam.example'])).toBe(false);
    expect(isOfDomain('fabrikam.example', ['fabrikam.example'])).toBe(true);
    expect(isOfDomain('ada', [])).toBe(true);
  });
});

describe('a failed sign-in', () => {
  const failure = (aadsts?: number) =>
    new LatchkeyError('sign-in-refused', 'x', { entra: aadsts === undefined ? {} : { aadsts } });

  it('of a stranger is "not mine"; of anybody else it is a rejection', () => {
    expect(answerOf(failure(50020))).toBe('not-mine');
    for (const aadsts of [50057, 53003, 50105, 50076, undefined])
      expect(answerOf(failure(aadsts))).toBe('rejected');
  });
});
