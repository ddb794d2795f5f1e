import { test } from 'vitest';
import {
  startLocalTenant,
  type LocalTenant,
  type LocalTenantOptions,
} from '../../main/demo/tenant/local-tenant.ts';
import { createAzureDirectory, type AzureDirectory } from '../../main/entra/azure-directory.ts';
import type { DeviceCode } from '../../main/session/provider-port.ts';
import type { AzureDirectorySettings } from '../../main/entra/directory-settings.ts';
import type { FetchLike } from '../../main/contract/http.ts';
import { createFetch } from '../../main/base/http.ts';
import type { DeviceCodeSignIn, FreshSignIn } from '../../main/entra/sign-in.ts';
import type { Account } from '../../main/contract/state.ts';
import { createMemoryCache, type MemoryCache } from './memory-cache.ts';

export interface Subject {
  directory: AzureDirectory;
  cache: MemoryCache;
  /** Lines that the directory logged. */
  lines: string[];
}

/** What a test sets up; all of it is closed when the test ends, so that tests can run side by side. */
export interface Setup {
  /** A tenant of its own, which hands out codes to be polled each second. */
  startTenant(options?: LocalTenantOptions): Promise<LocalTenant>;
  /** A fetch that trusts the tenant. */
  trustingFetch(tenant: { caPem: string }): FetchLike;
  /** Our directory in front of the tenant. */
  openDirectory(
    tenant: LocalTenant,
    options?: Partial<AzureDirectorySettings> & {
      cache?: MemoryCache;
      fetch?: FetchLike;
      now?: () => number;
    },
  ): Subject;
  onClose(close: () => Promise<void>): void;
}

export const it = test.extend<{ setup: Setup }>({
  setup: async ({ task: _task }, use) => {
    const closers: (() => Promise<void>)[] = [];
    await use(createSetup(closers));
    for (const close of closers.toReversed()) await close();
  },
});

function createSetup(closers: (() => Promise<void>)[]): Setup {
  const setup: Setup = {
    onClose: (close) => closers.push(close),
    async startTenant(options = {}) {
      const tenant = await startLocalTenant(options);
      closers.push(tenant.close);
      tenant.configure({ intervalSeconds: 1 });
      return tenant;
    },
    trustingFetch({ caPem }) {
      const { fetch, close } = createFetch({ caPem });
      closers.push(close);
      return fetch;
    },
    openDirectory(tenant, options = {}) {
      const { cache = createMemoryCache(), fetch = setup.trustingFetch(tenant), now, ...settings } = options;
      const lines: string[] = [];
      const directory = createAzureDirectory(
        {
          name: 'work',
          cloud: 'local',
          authority: new URL(tenant.authority).origin,
          tenant: tenant.tenantId,
          applicationId: tenant.clientId,
          graph: tenant.graph,
          ...settings,
        },
        { fetch, cache, now, log: (line) => lines.push(line) },
      );
      closers.push(directory.close);
      return { directory, cache, lines };
    },
  };
  return setup;
}

/** As a session does that has checked everything. */
export async function kept({ account, keep }: FreshSignIn): Promise<Account> {
  await keep(account);
  return account;
}

/** Starts a sign-in. `code` resolves with the code to be entered; `done` with the result, and its error is handled. */
export function beginSignIn(
  directory: AzureDirectory,
  options: Partial<DeviceCodeSignIn> = {},
): { code: Promise<DeviceCode>; done: Promise<Account>; cancel: () => void } {
  const controller = new AbortController();
  const code = Promise.withResolvers<DeviceCode>();
  const done = directory
    .signInWithDeviceCode({ onCode: code.resolve, signal: controller.signal, ...options })
    .then(kept);
  done.catch(code.reject);
  code.promise.catch(() => undefined);
  return { code: code.promise, done, cancel: () => controller.abort() };
}

/** The whole sign-in of a user who enters the code at once. */
export async function signInAs(
  tenant: LocalTenant,
  directory: AzureDirectory,
  user: string,
  options: Partial<DeviceCodeSignIn> = {},
): Promise<Account> {
  const { code, done } = beginSignIn(directory, options);
  tenant.complete({ userCode: (await code).userCode, user });
  return done;
}

/**
 * Whether the promise settles before a timer of so many milliseconds that starts now. Both run in this process, so a
 * busy machine delays them alike and a measured time would not tell.
 */
export async function settlesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  const settled = promise.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([settled, late.promise]);
  clearTimeout(timer);
  return result;
}

/** Requests for tokens with this grant, in their order. */
export function tokenRequests(tenant: LocalTenant, grantType: string) {
  return tenant.requests().filter(({ values }) => values['grant_type'] === grantType);
}
