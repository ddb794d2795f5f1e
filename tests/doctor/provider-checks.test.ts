import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configuration, type AzureDirectorySettings } from '../../main/config/schema.ts';
import { startLocalTenant, type LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { checkProvider, type ProviderPorts } from '../../main/doctor/provider-checks.ts';
import { createFetch } from '../../main/identity/http.ts';

let tenant: LocalTenant;
let closeFetch: () => Promise<void>;
let ports: ProviderPorts;
let provider: AzureDirectorySettings;

beforeAll(async () => {
  tenant = await startLocalTenant();
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
    providers: [
      {
        name: 'fabrikam',
        type: 'azure-directory',
        cloud: 'local',
        authority: tenant.authority,
        applicationId: tenant.clientId,
        resource: tenant.graph,
        caFile: tenant.caFile,
      },
    ],
  });
  provider = parsed.providers[0] as AzureDirectorySettings;
});
afterAll(async () => {
  await closeFetch();
  await tenant.close();
});

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
    expect(checks.filter(({ result }) => result !== 'ok')).toEqual([]);
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
      message: expect.stringMatching(/3(59|60)\d s/) as string,
    });
  });

  it('leaves no usable code behind: nobody can complete what nobody was shown', async () => {
    expect(JSON.stringify(await checkProvider(provider, ports))).not.toMatch(/device_code|[A-Z]{9}/);
  });
});
