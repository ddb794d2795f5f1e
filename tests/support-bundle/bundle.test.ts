import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { supportBundle } from '../../main/contract/support-bundle.ts';
import type { AppState } from '../../main/contract/state.ts';
import { makeSupportBundle } from '../../main/support-bundle/bundle.ts';
import { troubledAccounts } from '../renderer/account-states.ts';
import { busy, hostile, troubled } from '../renderer/states.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lk-bundle-'));
  await mkdir(join(home, 'log'));
});
afterAll(() => rm(home, { recursive: true }));

/** Whatever the state calls somebody or something by, at keys that hold such names. */
function namesIn(state: AppState): Set<string> {
  const keys =
    /^(username|displayName|objectId|tenantId|tenant|applicationId|name|title|database|role|tool|boundTo|path|socketDirectory|command|id)$/;
  const found = new Set<string>();
  JSON.stringify(state, (key, value: unknown) => {
    if (typeof value === 'string' && keys.test(key) && value.length > 3) found.add(value);
    return value;
  });
  return found;
}

test.each(Object.entries({ busy, troubled, troubledAccounts, hostile }))(
  'a bundle of the state "%s" fits its form, and names nobody and nothing of it',
  async (_name, state) => {
    const names = namesIn(state);
    expect(names.size).toBeGreaterThan(10);
    const log = [...names].map((name) => `2026-03-10T09:00:00.000Z warn  It was ${name}, and "${name}".`);
    await writeFile(join(home, 'log', 'latchkey.log'), `${log.join('\n').replaceAll(/\n(?!2026)/g, ' ')}\n`);
    const bundle = await makeSupportBundle({
      home,
      configFile: join(home, 'latchkey.yaml'),
      configuration: undefined,
      state,
      findings: state.connections.map(({ name, title }) => ({
        name: `connection ${name}`,
        result: 'failed',
        message: `${title} is not there.`,
        remedy: `Look at ${title} (${home}).`,
      })),
    });
    expect(() => supportBundle.parse(bundle)).not.toThrow();
    const { versions: _versions, system: _system, ...told } = bundle;
    const text = JSON.stringify(told);
    const plain = new Set(['local', 'azure-directory', 'psql', 'Python', 'python3', 'node']);
    for (const name of names)
      if (!plain.has(name)) expect(text, name).not.toContain(JSON.stringify(name).slice(1, -1));
    expect(text).not.toContain(home);
    expect(bundle.state?.connections.length).toBe(state.connections.length);
  },
);

test('of a long log there are the last lines, whole, also where it has only just begun anew', async () => {
  const line = (number: number) => `2026-03-10T09:00:00.000Z info  entry ${number} of the log`;
  const older = Array.from({ length: 2000 }, (_, index) => line(index));
  await writeFile(join(home, 'log', 'latchkey.log.1'), `${older.join('\n')}\n`);
  await writeFile(join(home, 'log', 'latchkey.log'), `${line(2000)}\n`);
  const parts = { home, configFile: join(home, 'c'), configuration: undefined, findings: [] };
  const { log } = await makeSupportBundle(parts);
  expect(log).toHaveLength(200);
  expect(log[0]).toBe(line(1801));
  expect(log.at(-1)).toBe(line(2000));
});
