import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { RuleSettings } from '../../main/config/schema.ts';
import type { FetchLike } from '../../main/contract/http.ts';
import {
  createCredentials,
  type Credential,
  type Credentials,
  type CredentialsOptions,
} from '../../main/credentials/credentials.ts';
import { createFetch } from '../../main/base/http.ts';
import { configuredConnection } from '../support/configured-connection.ts';

/** Whose logins the credentials are for. */
export const session = {
  id: 'session',
  provider: 'work',
  account: {
    provider: 'work',
    tenantId: 't',
    objectId: 'o',
    username: 'ada@fabrikam.example',
    displayName: 'Ada',
  },
};

export interface World {
  /** Credentials whose stored secrets are in `stored`; closed at the end of the test. */
  open(options?: Partial<CredentialsOptions>): Credentials;
  stored: Map<string, string>;
  lines: string[];
  /** A rule with this source of its password, read as a configuration would be. */
  rule(password: unknown): RuleSettings;
  /** Asks for the credential of the rule, on behalf of one session. */
  acquire(credentials: Credentials, rule: RuleSettings): Promise<Credential>;
  /** The failure that asking ends with. */
  failure(credentials: Credentials, rule: RuleSettings): Promise<{ code: string; text: string }>;
  /** What must be in no error and in no line of the log; checked at the end of the test. */
  keepSecret(...secrets: string[]): void;
  onClose(close: () => Promise<void>): void;
}

export const it = test.extend<{ world: World }>({
  world: async ({ task: _task }, use) => {
    const closers: (() => Promise<void>)[] = [];
    const secrets = new Set<string>();
    const errors: unknown[] = [];
    const world = createWorld(closers, secrets, errors);
    await use(world);
    for (const close of closers.toReversed()) await close();
    // Causes and hidden properties included: a log might print them.
    const said = [...world.lines, ...errors.map((error) => inspect(error, { depth: 10, showHidden: true }))];
    for (const secret of secrets) expect(said.join('\n')).not.toContain(secret);
  },
});

function createWorld(closers: (() => Promise<void>)[], secrets: Set<string>, errors: unknown[]): World {
  const fetches = new Map<string | undefined, FetchLike>();
  /** What is replaced or forgotten later must be in no line either. */
  const stored = new Map<string, string>();
  const set = stored.set.bind(stored);
  stored.set = (name, value) => {
    secrets.add(value);
    return set(name, value);
  };
  const world: World = {
    stored,
    lines: [],
    onClose: (close) => closers.push(close),
    keepSecret: (...more) => {
      for (const secret of more) secrets.add(secret);
    },
    open(options = {}) {
      const credentials = createCredentials({
        storedPassword: async (name) => world.stored.get(name),
        entraToken: async () => undefined,
        cloudOf: () => 'local',
        fetchWith(caFile) {
          const known = fetches.get(caFile);
          if (known !== undefined) return known;
          const { fetch, close } = createFetch({ caFile });
          closers.unshift(close);
          fetches.set(caFile, fetch);
          return fetch;
        },
        log: (line) => world.lines.push(line),
        ...options,
      });
      closers.push(credentials.close);
      return credentials;
    },
    rule(password) {
      const group = '00000000-0000-4000-8000-000000000001';
      const [rule] = configuredConnection({
        name: 'sales',
        protocol: 'postgresql',
        port: 15432,
        upstream: { database: 'sales' },
        rules: [{ group, role: 'reader', password }],
      }).rules;
      if (rule === undefined) throw new Error('no rule');
      return rule;
    },
    acquire: (credentials, rule) => credentials.acquire({ connection: 'sales', rule, session }),
    async failure(credentials, rule) {
      try {
        const { release } = await world.acquire(credentials, rule);
        await release();
      } catch (error) {
        errors.push(error);
        const { name, code, message, remedy } = error as Record<string, string>;
        expect(name).toBe('LatchkeyError');
        expect(message).toContain('role "reader" of "sales"');
        expect(remedy).toBeTruthy();
        return { code: code ?? '', text: `${message} ${remedy}` };
      }
      throw new Error('a credential was given');
    },
  };
  return world;
}
