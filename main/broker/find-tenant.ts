import { createAuthority } from '../entra/authority.ts';
import { createAzureDirectory } from '../entra/azure-directory.ts';
import type { ActionInput, ActionReply } from '../contract/action-schemas.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { readProviderAddress } from '../contract/provider-address.ts';
import type { BrokerOptions } from './options.ts';
import { nothingKept } from './provider.ts';

/** Somebody waits for the answer. */
const longestMs = 20_000;
const noApplication = '00000000-0000-0000-0000-000000000000';

/**
 * Which tenant a domain or an address is of, as its authority says (OpenID Connect Discovery), and with an
 * `applicationId` whether a sign-in to that application would begin there. Nothing is set up by that.
 * @throws LatchkeyError `request-invalid`, and what a sign-in fails with
 */
export async function findTenant(
  { authority, applicationId, cloud, resource, caFile }: ActionInput<'findTenant'>,
  { fetchWith, log }: Pick<BrokerOptions, 'fetchWith' | 'log'>,
): Promise<ActionReply<'findTenant'>> {
  const address = readProviderAddress({ authority, cloud, resource });
  if ('faults' in address) {
    const faults = address.faults.map(({ key, message }) => `"${key}" ${message}`);
    throw new LatchkeyError('request-invalid', `${faults.join('; ')}.`, {
      remedy: 'Correct it and try again.',
    });
  }
  const { tenant, login } = address;
  const settings = {
    name: tenant,
    cloud: address.cloud,
    authority: address.authority,
    tenant,
    applicationId: applicationId ?? noApplication,
    graph: address.graph,
  };
  // An authority of one's own vouches for the local tenant alone.
  const fetch = fetchWith(address.cloud === 'local' ? caFile : undefined);
  const timeout = AbortSignal.timeout(longestMs);
  const found = createAuthority(settings, { fetch, log });
  const tenantId = await found.tenantId(found.connect(timeout));
  const reply = { tenantId, authority: `${login}/${tenantId}`, cloud: address.cloud };
  if (applicationId === undefined) return reply;

  const directory = createAzureDirectory(settings, { fetch, log, cache: nothingKept });
  const asked = new AbortController();
  try {
    await directory.signInWithDeviceCode({
      onCode: () => asked.abort(),
      signal: AbortSignal.any([asked.signal, timeout]),
    });
  } catch (error) {
    if (!asked.signal.aborted) throw error;
  } finally {
    await directory.close();
  }
  return reply;
}
