# Puts the folder of this file into the person's PATH, or takes it out. Entries with variables stay as they are written:
# [Environment]::GetEnvironmentVariable would give them filled in.
param([Parameter(Mandatory)][ValidateSet('Add', 'Remove')][string] $Change)
$ErrorActionPreference = 'Stop'
$key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
$now = [string] $key.GetValue('Path', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
$entries = @($now -split ';' | Where-Object { $_ -ne '' -and $_.TrimEnd('\') -ne $PSScriptRoot.TrimEnd('\') })
if ($Change -eq 'Add') { $entries += $PSScriptRoot }
$key.SetValue('Path', ($entries -join ';'), [Microsoft.Win32.RegistryValueKind]::ExpandString)
# Only this tells programs that run already, such as Explorer, that the environment has changed.
[Environment]::SetEnvironmentVariable('LatchkeyPathChanged', $null, 'User')
