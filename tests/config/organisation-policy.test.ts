import { expect, it } from 'vitest';
import type { RunWindows } from '../../main/base/windows-programs.ts';
import type { OrganisationSource } from '../../main/config/load.ts';
import { machineOrganisation, policyKey, windowsPolicy } from '../../main/config/organisation-policy.ts';

const text = 'locked:\n  - session.deadline\nsession: {deadline: 4h}\n';
const keys = ['Latchkey', 'Microsoft'].map(
  (name) => String.raw`HKEY_LOCAL_MACHINE\SOFTWARE\Policies` + `\\${name}`,
);
const reg = String.raw`C:\Windows\System32\reg.exe`;
const powershell = String.raw`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`;

/** A Windows with these keys below the policies, and this value in that of Latchkey. */
function windows(found: readonly string[], said: string) {
  const calls: (readonly string[])[] = [];
  const run: RunWindows = async (program, args) => {
    calls.push([program, ...args]);
    return program === reg ? `\r\n${found.join('\r\n')}\r\n\r\n` : said;
  };
  return { calls, run };
}

it('is the value of a key that administrators alone can write, in any case of its name', async () => {
  for (const name of [policyKey, policyKey.toUpperCase()]) {
    const { calls, run } = windows([name], JSON.stringify({ text }));
    expect(await windowsPolicy(run).read()).toEqual({ text, origin: policyKey });
    expect(calls).toEqual([
      [reg, 'query', String.raw`HKEY_LOCAL_MACHINE\SOFTWARE\Policies`, '/reg:64'],
      [
        powershell,
        '-NoLogo',
        '-NoProfile',
        '-NonInteractive',
        '-Command',
        expect.stringContaining(String.raw`OpenSubKey('SOFTWARE\Policies\Latchkey')`) as string,
      ],
    ]);
    expect(calls[1]?.at(-1)).toContain("GetValue('Configuration', $null, 'DoNotExpandEnvironmentNames')");
    expect(calls[1]?.at(-1)).toContain('-join "`n"');
  }
});

it('is none where there is no such key, and PowerShell is not started; none without the value either', async () => {
  const without = windows(keys.slice(1), 'must not be asked');
  expect(await windowsPolicy(without.run).read()).toBeUndefined();
  expect(without.calls).toHaveLength(1);
  for (const other of [`${policyKey} Beta`, policyKey.replace('Policies', 'Other'), policyKey.slice(1)])
    expect(await windowsPolicy(windows([other], '').run).read()).toBeUndefined();
  expect(await windowsPolicy(windows(keys, '{"text":null}').run).read()).toBeUndefined();
});

it('ends the start where it cannot be read: nobody knows what it says', async () => {
  const unreadable = {
    code: 'config-unreadable',
    message: `The policies of your organisation in ${policyKey} cannot be read.`,
    remedy: expect.stringContaining('administers this computer') as string,
  };
  const refused: RunWindows = async () => Promise.reject(new Error('exit code 1'));
  await expect(windowsPolicy(refused).read()).rejects.toMatchObject(unreadable);
  for (const said of ['', 'Access is denied.', '{}', '{"text":5}'])
    await expect(windowsPolicy(windows(keys, said).run).read()).rejects.toMatchObject(unreadable);
});

it('counts instead of the file, on Windows alone; a file counts where there is no policy', async () => {
  const source = (origin: string, found = true): OrganisationSource => ({
    files: [origin],
    read: async () => (found ? { text, origin } : undefined),
  });
  const origin = async (platform: NodeJS.Platform, policy: OrganisationSource) =>
    (await machineOrganisation(platform, source('file'), policy).read())?.origin;
  expect(await origin('win32', source('policy'))).toBe('policy');
  expect(await origin('win32', source('policy', false))).toBe('file');
  expect(await origin('linux', source('policy'))).toBe('file');
  expect(machineOrganisation('win32', source('file')).files).toEqual(['file']);
});
