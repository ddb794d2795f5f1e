import type { FetchLike } from '../../main/contract/http.ts';
import { createEntraTokens } from '../../main/broker/entra-tokens.ts';
import { startLocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { sampleOrganisation } from '../../main/demo/tenant/organisation.ts';
import { createFetch } from '../../main/base/http.ts';
import type { LiveSession } from '../../main/session/live-session.ts';
import { expect } from 'vitest';
import { sessionUnderTest } from '../session/scripted-provider.ts';
import { createTenantProvider } from '../support/tenant-provider.ts';
import type { World } from './world.ts';

export const ossrdbms = 'https://ossrdbms-aad.database.windows.net';
export const soon = { timeout: 20_000, interval: 20 };

/** A session over MSAL and a local tenant, and credentials for databases as the broker puts them together. */
export async function start(world: World) {
  const directory = sampleOrganisation();
  const application = directory.tenants[0]?.applications?.[0];
  if (application === undefined) throw new Error('no application');
  const tenant = await startLocalTenant({ directory });
  world.onClose(tenant.close);
  tenant.configure({ intervalSeconds: 1 });
  const { fetch, close } = createFetch({ caPem: tenant.caPem });
  world.onClose(close);
  /** Bodies of requests, as they were sent. */
  const sent: string[] = [];
  const noting: FetchLike = (url, init) => {
    sent.push(String(init.body ?? ''));
    return fetch(url, init);
  };
  const log = (line: string) => void world.lines.push(line);
  const provider = createTenantProvider(tenant, { fetch: noting, log });
  const { create, events } = sessionUnderTest([], {
    providers: [provider],
    now: Date.now,
    monotonic: () => performance.now(),
  });
  const session = create();
  world.onClose(session.close);
  const credentials = world.open({
    entraToken: createEntraTokens({ providerNamed: () => provider, session }),
    cloudOf: () => 'local',
  });
  const login = async (of: LiveSession) => {
    const rule = world.rule({ entra: 'postgresql' });
    const { accessToken = '' } = await credentials.acquire({ connection: 'sales', rule, session: of });
    return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as {
      oid: string;
      aud: string;
    };
  };
  const databaseRequests = () => sent.filter((body) => body.includes('database.windows.net')).length;
  return { tenant, provider, session, events, credentials, login, databaseRequests };
}

type Started = Awaited<ReturnType<typeof start>>;

export async function enterCode({ session, tenant }: Started, user: string): Promise<void> {
  await session.signIn();
  await expect.poll(() => session.state().kind, soon).toBe('code');
  const state = session.state();
  if (state.kind === 'code') tenant.complete({ userCode: state.userCode, user });
}

export function live({ session }: Pick<Started, 'session'>): LiveSession {
  const now = session.all().at(-1);
  if (now === undefined) throw new Error('nobody is signed in');
  return now;
}

export async function signIn(started: Started, user: string, objectId: string): Promise<LiveSession> {
  await enterCode(started, user);
  await expect.poll(() => started.session.all().at(-1)?.account.objectId, soon).toBe(objectId);
  return live(started);
}
