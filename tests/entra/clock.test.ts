import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect } from 'vitest';
import type { AzureDirectorySettings } from '../../main/config/schema.ts';
import { checkProvider } from '../../main/entra/provider-checks.ts';
import { createAzureDirectory } from '../../main/entra/azure-directory.ts';
import { watchClock } from '../../main/entra/clock-watch.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { createMemoryCache } from './memory-cache.ts';
import { it } from './tenant-fixture.ts';

const day = 24 * 3600_000;
const tenantId = '8d3f6a4e-52d1-4f0c-9a77-0d4b8f9f6d11';
const signIn = { onCode: () => undefined, signal: new AbortController().signal };

describe('a wrong clock', () => {
  it.for([
    ['not valid yet', { notBefore: new Date(Date.now() + day) }],
    ['has expired', { notAfter: new Date(Date.now() - day) }],
  ] as const)('is told as a clock where the certificate %s', async ([words, validity], { setup }) => {
    const authority = await createTestAuthority();
    const { certPem, keyPem } = await authority.issue({ dns: ['localhost'], ...validity });
    const server = createServer({ cert: certPem, key: keyPem }, (_request, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    setup.onClose(async () => void server.close());
    const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
    const fetch = setup.trustingFetch(authority);
    const settings = { name: 'work', cloud: 'local', authority: `${origin}/${tenantId}` } as const;
    const applicationId = '1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2';

    const directory = createAzureDirectory(
      { ...settings, tenant: tenantId, applicationId, graph: origin },
      { fetch, cache: createMemoryCache() },
    );
    setup.onClose(directory.close);
    const year = String(new Date().getFullYear());
    const told = expect.stringMatching(
      `${words} by the clock of this computer, which says ${year}-`,
    ) as string;
    await expect(directory.signInWithDeviceCode(signIn)).rejects.toMatchObject({
      code: 'clock-wrong',
      message: told,
      remedy: expect.stringContaining('NTP') as string,
    });

    const checks = await checkProvider(
      { ...settings, applicationId, resource: origin } as AzureDirectorySettings,
      {
        fetch,
        signal: signIn.signal,
        secret: async () => undefined,
        granted: async () => undefined,
        lastFault: async () => undefined,
      },
    );
    for (const name of ['work: authority', 'work: clock'])
      expect(checks.find((check) => check.name === name)).toMatchObject({ result: 'failed', message: told });
  });

  it('is named first in what a sign-in fails with', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const clock = watchClock(setup.trustingFetch(tenant), () => Date.now() - 3 * 3600_000);
    const { directory } = setup.openDirectory(tenant, { fetch: clock.fetch, applicationId: tenantId });
    await expect(clock.explaining(() => directory.signInWithDeviceCode(signIn))).rejects.toMatchObject({
      code: 'application-unknown',
      remedy: expect.stringMatching(
        /^First correct the clock of this computer: it is 3 hours behind the authority's\. \S/,
      ) as string,
    });
    expect(Math.round((clock.behindMs() ?? 0) / 60_000)).toBe(180);
  });

  it('that is right adds nothing', async ({ setup }) => {
    const tenant = await setup.startTenant();
    const clock = watchClock(setup.trustingFetch(tenant));
    const { directory } = setup.openDirectory(tenant, { fetch: clock.fetch, applicationId: tenantId });
    await expect(clock.explaining(() => directory.signInWithDeviceCode(signIn))).rejects.toMatchObject({
      remedy: expect.not.stringContaining('clock') as string,
    });
  });
});
