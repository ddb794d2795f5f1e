import { describe, expect, it } from 'vitest';
import { changeProviders } from '../../main/config/edit.ts';
import { parseConfiguration } from '../../main/config/load.ts';

const text = `# our databases
providers:
  # the company
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/72f988bf-0000-4000-8000-000000000001 # tenant
    applicationId: 11111111-2222-4333-8444-555555555555
chain: [fabrikam]
tokens: {lifetime: 10m} # short
`;
const tailspin = {
  name: 'tailspin',
  type: 'azure-directory' as const,
  enabled: true,
  authority: 'https://login.microsoftonline.com/tailspin.example',
  applicationId: '11111111-2222-4333-8444-666666666666',
  domains: ['tailspin.example'],
};

describe('a change of the providers', () => {
  it('adds one, and leaves comments and all else as they are', () => {
    const changed = changeProviders(text, { kind: 'save', provider: tailspin }, 'x');
    for (const comment of ['# our databases', '# the company', '# tenant', '# short'])
      expect(changed).toContain(comment);
    expect(parseConfiguration(changed, 'x').providers.map(({ name }) => name)).toEqual([
      'fabrikam',
      'tailspin',
    ]);
    expect(parseConfiguration(changed, 'x').tokens.lifetime).toBe('10m');
    expect(parseConfiguration(changed, 'x').chain).toEqual(['fabrikam', 'tailspin']);
  });

  it('updates one in its place', () => {
    const added = changeProviders(text, { kind: 'save', provider: tailspin }, 'x');
    const changed = changeProviders(
      added,
      { kind: 'save', provider: { ...tailspin, domains: ['tailspin.example', 'wingtip.example'] } },
      'x',
    );
    expect(parseConfiguration(changed, 'x').providers).toHaveLength(2);
    expect(parseConfiguration(changed, 'x').providers[1]).toMatchObject({
      domains: ['tailspin.example', 'wingtip.example'],
    });
  });

  it('turns one off and on', () => {
    const off = changeProviders(text, { kind: 'enable', name: 'fabrikam', enabled: false }, 'x');
    expect(parseConfiguration(off, 'x').providers[0]?.enabled).toBe(false);
    const on = changeProviders(off, { kind: 'enable', name: 'fabrikam', enabled: true }, 'x');
    expect(parseConfiguration(on, 'x').providers[0]?.enabled).toBe(true);
  });

  it('removes one, also from the chain', () => {
    const added = changeProviders(text, { kind: 'save', provider: tailspin }, 'x');
    const changed = changeProviders(added, { kind: 'remove', name: 'fabrikam' }, 'x');
    expect(parseConfiguration(changed, 'x')).toMatchObject({ providers: [{ name: 'tailspin' }] });
    expect(parseConfiguration(changed, 'x').chain).toEqual(['tailspin']);
  });

  it('is refused where the result would not load, or the provider is not there', () => {
    expect(() => changeProviders(text, { kind: 'remove', name: 'fabrikam' }, 'x')).toThrow(
      /The last provider cannot be removed/,
    );
    expect(() => changeProviders(text, { kind: 'remove', name: 'nobody' }, 'x')).toThrow(
      /no provider "nobody"/,
    );
    expect(() =>
      changeProviders(text, { kind: 'save', provider: { ...tailspin, applicationId: 'abc' } }, 'x'),
    ).toThrow(/applicationId \("abc"\): must be an id/);
  });
});
