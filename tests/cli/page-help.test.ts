import { expect, it } from 'vitest';
import { login } from '../../main/cli/login.ts';
import { jsonLine } from '../../main/cli/printed.ts';
import type { Client } from '../../main/cli/client.ts';
import type { AppState } from '../../main/contract/state.ts';
import { code, signedOut } from '../renderer/states.ts';

/** What `login` prints while a code waits that was handed out so long ago, and then runs out. */
async function printed(minutes: number, change: Partial<AppState> = {}, json = false): Promise<string> {
  const startedAt = new Date(Date.now() - minutes * 60_000).toISOString();
  const waiting = { ...code, ...change, signIn: { ...code.signIn, startedAt } } as AppState;
  const over: AppState = {
    ...signedOut,
    signIn: { kind: 'signed-out', problem: { code: 'code-expired', message: 'Over.' } },
  };
  const states = [signedOut, waiting, waiting, waiting, over];
  let revision = 0;
  const client = {
    state: async () => ({ revision: revision++, state: states.shift() }),
    call: async () => ({}),
  } as unknown as Client;
  const lines: string[] = [];
  const output = { json: json && jsonLine, out: (text: string) => lines.push(text), err: () => undefined };
  const { signal } = new AbortController();
  await expect(login(client, output, { again: false, add: false, signal })).rejects.toMatchObject({
    code: 'code-expired',
  });
  return lines.join('\n');
}

it('after two minutes login asks, once, for an error on the page, and names the other way', async () => {
  const text = await printed(2.1);
  expect(text.match(/Does the page show an error\?/g)).toHaveLength(1);
  for (const number of ['53003', '530033', '50105', '50020', '65001']) expect(text).toContain(number);
  expect(text).toContain('latchkey login --provider Contoso --browser');
});

it('not before, and not between the lines of --json', async () => {
  expect(await printed(1.5)).not.toContain('the page');
  expect(await printed(5, {}, true)).not.toContain('the page');
});

it('names no other way where the provider has none', async () => {
  const providers = code.providers.map((provider) => ({ ...provider, ways: ['device-code' as const] }));
  const text = await printed(3, { providers });
  expect(text).toContain('53003');
  expect(text).not.toContain('--browser');
  expect(text).not.toContain('the other way');
});
