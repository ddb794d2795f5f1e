import { win32 } from 'node:path';
import { z } from 'zod';
import { powershell, powershellArguments, runWindows, strictScript } from '../base/windows-programs.ts';

/** Owner and access list of a file or folder, as PowerShell tells them: identities as SIDs, rights as numbers. */
const access = z.array(
  z.object({
    path: z.string(),
    owner: z.string(),
    rules: z.array(z.object({ sid: z.string(), rights: z.number().int(), allow: z.boolean() })),
  }),
);
export type WindowsAccess = z.output<typeof access>;
export type ReadWindowsAccess = (paths: readonly string[]) => Promise<WindowsAccess>;

/** SYSTEM, Administrators, and the installer of Windows itself (TrustedInstaller). */
const administrators = [
  'S-1-5-18',
  'S-1-5-32-544',
  'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464',
];

// Of System.Security.AccessControl.FileSystemRights; GENERIC_WRITE and GENERIC_ALL come as they were written.
const generic = 0x4000_0000 | 0x1000_0000;
/** Delete, ChangePermissions, TakeOwnership. */
const replaces = 0x1_0000 | 0x4_0000 | 0x8_0000 | generic;
/** WriteData, AppendData, WriteExtendedAttributes, WriteAttributes, and those. */
const writes = 0x2 | 0x4 | 0x10 | 0x100 | replaces;
/** DeleteSubdirectoriesAndFiles, and those; a file that somebody adds to the folder is theirs, and refused for that. */
const writesFolder = 0x40 | replaces;

/**
 * Whether somebody but administrators may change the file at `path`, or put another in its place.
 * @returns what is wrong; undefined where nothing is
 */
export async function windowsFault(path: string, read: ReadWindowsAccess): Promise<string | undefined> {
  const paths = [path, win32.dirname(path)];
  let found: WindowsAccess;
  try {
    found = await read(paths);
  } catch {
    return 'Windows does not tell who may write it';
  }
  for (const wanted of paths) {
    const one = found.find((entry) => entry.path === wanted);
    if (one === undefined) return `Windows does not tell who may write ${wanted}`;
    if (!administrators.includes(one.owner)) return `${wanted} belongs to another user (${one.owner})`;
    const mask = wanted === path ? writes : writesFolder;
    const other = one.rules.find(
      ({ sid, rights, allow }) => allow && (rights & mask) !== 0 && !administrators.includes(sid),
    );
    if (other !== undefined) return `${wanted} can be written by others than administrators (${other.sid})`;
  }
  return undefined;
}

/** Rules that only what is created later inherits (InheritOnly) say nothing of the thing itself. */
const script = `${strictScript}
$sid = [System.Security.Principal.SecurityIdentifier]
$all = foreach ($path in ($env:LATCHKEY_PATHS -split '\\|')) {
  $acl = Get-Acl -LiteralPath $path
  $rules = foreach ($rule in $acl.GetAccessRules($true, $true, $sid)) {
    if (-not ($rule.PropagationFlags -band 2)) {
      @{ sid = $rule.IdentityReference.Value; rights = [int]$rule.FileSystemRights; allow = ($rule.AccessControlType -eq 'Allow') }
    }
  }
  @{ path = $path; owner = $acl.GetOwner($sid).Value; rules = @($rules) }
}
ConvertTo-Json @($all) -Depth 4 -Compress
`;

/** Asks PowerShell. */
export const readWindowsAccess: ReadWindowsAccess = async (paths) => {
  const env = { ...process.env, LATCHKEY_PATHS: paths.join('|') };
  return access.parse(JSON.parse(await runWindows(powershell, powershellArguments(script), env)));
};
