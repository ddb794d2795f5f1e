import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configuration, type AzureDirectorySettings } from '../../main/config/schema.ts';
import { startLocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { checkProvider, type ProviderPorts } from '../../main/entra/provider-checks.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { createFetch } from '../../main/base/http.ts';
import { configuredTenant } from '../support/tenant-provider.ts';
import { useAll } from '../support/use-all.ts';

let closeFetch: () => Promise<void>;
let ports: ProviderPorts;
let provider: AzureDirectorySettings;

const tenant = useAll(startLocalTenant);
beforeAll(async () => {
  const { fetch, close } = createFetch({ caPem: tenant.caPem });
  closeFetch = close;
  ports = {
    fetch,
    signal: new AbortController().signal,
    secret: async () => undefined,
    granted: async () => undefined,
    lastFault: async () => undefined,
  };
  const parsed = configuration.parse({
    providers: [configuredTenant(tenant)],
  });
  provider = parsed.providers[0] as AzureDirectorySettings;
});
afterAll(() => closeFetch());

const find = async (
  what: string,
  changes: Partial<AzureDirectorySettings> = {},
  other: Partial<ProviderPorts> = {},
) => {
  const checks = await checkProvider({ ...provider, ...changes }, { ...ports, ...other });
  return checks.find(({ name }) => name === `fabrikam: ${what}`);
};

describe('the doctor on a provider', () => {
  it('finds nothing wrong with a good one', async () => {
    const checks = await checkProvider(provider, {
      ...ports,
      secret: async () => 'sample-application-secret',
      granted: async () => ['User.Read', 'GroupMember.Read.All', 'User.ReadBasic.All'],
    });
    // The Graph of the local tenant has no registrations.
    expect(checks.filter(({ result }) => result !== 'ok').map(({ name }) => name)).toEqual([
      'fabrikam: expiry of the secret',
    ]);
    expect(checks.length).toBeGreaterThanOrEqual(8);
  });

  it('names an authority that does not answer', async () => {
    expect(await find('authority', { authority: 'https://127.0.0.1:9/nowhere' })).toMatchObject({
      result: 'failed',
      message: expect.stringContaining('127.0.0.1:9') as string,
    });
  });

  it('names an unknown tenant with its number', async () => {
    expect(
      await find('authority', {
        authority: `${new URL(tenant.authority).origin}/00000000-0000-4000-8000-00000000dead`,
      }),
    ).toMatchObject({ result: 'failed', aadsts: 90002 });
  });

  it('names a wrong application id', async () => {
    expect(
      await find('application', { applicationId: '00000000-0000-4000-8000-00000000beef' }),
    ).toMatchObject({ result: 'failed', aadsts: 700016 });
  });

  it('says what to click where the last sign-in met a wall', async () => {
    const check = await find('device code', {}, { lastFault: async () => 7000218 });
    expect(check).toMatchObject({ result: 'failed', aadsts: 7000218 });
    expect(check?.remedy).toMatch(/Allow public client flows/);
    expect(await find('device code')).toMatchObject({ result: 'skipped' });
  });

  it('names a wrong secret', async () => {
    expect(await find('application secret', {}, { secret: async () => 'wrong' })).toMatchObject({
      result: 'failed',
      aadsts: 7000215,
    });
  });

  it('says which permission is missing and what for', async () => {
    expect(await find('GroupMember.Read.All', {}, { granted: async () => ['User.Read'] })).toMatchObject({
      result: 'warning',
      remedy: expect.stringContaining('Grant admin consent') as string,
    });
    expect(await find('User.Read', {}, { granted: async () => [] })).toMatchObject({ result: 'failed' });
  });

  it('names a clock that is wrong', async () => {
    expect(await find('clock', {}, { now: () => Date.now() + 3_600_000 })).toMatchObject({
      result: 'failed',
      message: expect.stringMatching(/is (59|60) minutes ahead of the authority's/) as string,
    });
  });

  it('leaves no usable code behind: nobody can complete what nobody was shown', async () => {
    expect(JSON.stringify(await checkProvider(provider, ports))).not.toMatch(/device_code|[A-Z]{9}/);
  });

  /** The local tenant's Graph has neither registrations nor kinds of groups; these answers have the form of Graph's. */
  const withGraph = (answer: (path: string) => unknown): Partial<ProviderPorts> => ({
    secret: async () => 'sample-application-secret',
    ruleGroups: ['a', 'b', 'c', 'd'].map((digit) => ({
      id: `00000000-0000-4000-8000-00000000000${digit}`,
      connections: ['sales'],
      mayBeElsewhere: true,
    })),
    fetch: async (url, init) => {
      const path = decodeURIComponent(url.slice(tenant.graph.length)).replaceAll('+', ' ');
      const body = url.startsWith(tenant.graph) ? answer(path) : undefined;
      if (body === undefined) return ports.fetch(url, init);
      expect(new Headers(init.headers).get('authorization')).toMatch(/^Bearer ./);
      return Response.json(body);
    },
  });

  it('warns of rules that name a group which anyone may join', async () => {
    const value = [
      {
        id: 'a',
        displayName: 'Lunch',
        groupTypes: ['Unified'],
        visibility: 'Public',
        mailEnabled: true,
        securityEnabled: true,
      },
      { id: 'b', displayName: 'News', groupTypes: [], mailEnabled: true, securityEnabled: false },
      {
        id: 'c',
        displayName: 'Team',
        groupTypes: ['Unified'],
        visibility: 'Private',
        mailEnabled: true,
        securityEnabled: false,
      },
      { id: 'd', displayName: 'Admins', groupTypes: [], mailEnabled: false, securityEnabled: true },
    ];
    const other = withGraph((path) =>
      path.startsWith("/v1.0/groups?$filter=id in ('00000000-0000-4000-8000-00000000000a',")
        ? { value }
        : undefined,
    );
    const checks = await checkProvider(provider, { ...ports, ...other });
    const found = checks.filter(({ name }) => name.startsWith('fabrikam: groups of rules'));
    expect(found).toMatchObject(
      [
        { name: 'fabrikam: groups of rules Lunch', result: 'warning', message: /public Microsoft 365 group/ },
        { name: 'fabrikam: groups of rules News', result: 'warning', message: /distribution list/ },
      ].map((check) => ({ ...check, message: expect.stringMatching(check.message) as string })),
    );
    // Where Graph does not tell, nothing is claimed.
    for (const answer of [{ error: { code: 'Authorization_RequestDenied' } }, { value: [] }])
      expect(
        await find(
          'groups of rules',
          {},
          withGraph(() => answer),
        ),
      ).toMatchObject({ result: 'skipped' });
  });

  it('warns of rules that name a group which the tenant does not have, unless another may have it', async () => {
    const unknown = '00000000-0000-4000-8000-00000000000a';
    const group = (id: string, mayBeElsewhere: boolean) => ({
      id,
      connections: ['sales', 'payroll'],
      mayBeElsewhere,
    });
    const found = async (mayBeElsewhere: boolean) => {
      const ruleGroups = [group(fabrikam.groups.finance, false), group(unknown, mayBeElsewhere)];
      const secret = async () => 'sample-application-secret';
      const checks = await checkProvider(provider, { ...ports, secret, ruleGroups });
      return checks.filter(({ name }) => name.startsWith('fabrikam: groups of rules'));
    };
    expect(await found(false)).toEqual([
      {
        name: `fabrikam: groups of rules ${unknown}`,
        result: 'warning',
        message: expect.stringContaining('of "sales", "payroll" names it, and the tenant has no such group'),
        remedy: expect.stringContaining('Correct the object id'),
      },
    ]);
    expect(await found(true)).toMatchObject([{ name: 'fabrikam: groups of rules', result: 'ok' }]);
  });

  it.each([
    [400, 'ok', /good until/],
    [12.5, 'warning', /runs out in 12 days/],
    [-3, 'warning', /has run out/],
  ] as const)('watches the end of the secret: in %d days', async (days, result, message) => {
    const endDateTime = new Date(Date.now() + days * 24 * 3600_000).toISOString();
    const other = withGraph((path) =>
      path.startsWith("/v1.0/applications(appId='")
        ? {
            passwordCredentials: [
              { hint: 'old', endDateTime: '2020-01-01T00:00:00Z' },
              { hint: 'sam', endDateTime },
            ],
          }
        : undefined,
    );
    expect(await find('expiry of the secret', {}, other)).toMatchObject({
      result,
      message: expect.stringMatching(message) as string,
    });
  });
});
