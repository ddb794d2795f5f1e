import {
  powershell,
  powershellArguments,
  runWindows,
  strictScript,
  system32,
  type RunWindows,
} from '../base/windows-programs.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { jsonObject } from '../contract/json.ts';
import type { OrganisationSource } from './load.ts';
import { organisationFileAt, organisationPath } from './organisation-file.ts';

/** Where a group policy or an MDM writes. Windows lets administrators alone write below this key. */
export const policyKey = String.raw`HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Latchkey`;
const parentKey = policyKey.slice(0, policyKey.lastIndexOf('\\'));

/**
 * Without the value in the key, there is no policy of ours: a key alone says nothing. The value is one text, or one with
 * several lines (REG_SZ, REG_MULTI_SZ).
 */
const script = `${strictScript}
$key = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64').OpenSubKey('SOFTWARE\\Policies\\Latchkey')
$value = if ($key) { $key.GetValue('Configuration', $null, 'DoNotExpandEnvironmentNames') }
$text = if ($null -ne $value) { @($value) -join "\`n" }
ConvertTo-Json @{ text = $text } -Compress
`;

/**
 * The organisation's settings as Windows' policies have them: the text of the file that would otherwise be there, in the
 * value `Configuration` of {@link policyKey}. What is no full path in it has no folder to count from.
 */
export function windowsPolicy(run: RunWindows = runWindows): OrganisationSource {
  return {
    files: [],
    async read() {
      try {
        // PowerShell takes half a second to start: it is asked only where there is a key of ours.
        const keys = await run(`${system32}\\reg.exe`, ['query', parentKey, '/reg:64']);
        const found = keys
          .split(/\r?\n/)
          .some((line) => line.trim().toLowerCase() === policyKey.toLowerCase());
        if (!found) return undefined;
        const said = await run(powershell, powershellArguments(script));
        const text = jsonObject(said)?.['text'];
        if (typeof text !== 'string' && text !== null) throw new TypeError('no answer of the script');
        return text === null ? undefined : { text, origin: policyKey };
      } catch (cause) {
        throw new LatchkeyError(
          'config-unreadable',
          `The policies of your organisation in ${policyKey} cannot be read.`,
          {
            remedy:
              'Whoever administers this computer lets everybody read this key and run reg.exe and PowerShell; nothing counts without it.',
            cause,
          },
        );
      }
    },
  };
}

/** What the administrators of this computer have set for all of its users: a policy of Windows, and only without one the file. */
export function machineOrganisation(
  platform: NodeJS.Platform = process.platform,
  file: OrganisationSource = organisationFileAt({ path: organisationPath(platform), platform }),
  policy: OrganisationSource = windowsPolicy(),
): OrganisationSource {
  if (platform !== 'win32') return file;
  return { files: file.files, read: async () => (await policy.read()) ?? file.read() };
}
