import { words } from '../words.ts';

export const doctor = words('doctor', {
  checked: (checks: string) => `Checked: ${checks}`,
  doctor: 'Doctor',
  checksTheProvidersWhatThe:
    'Checks the providers, what the application may do in the directory, the clock, the keyring, stored passwords, ports and the audit, and says what to do about each fault.',
  runAllChecks: 'Run all checks',
  runAgain: 'Run again',
  checkingThisTakesUpToA: 'Checking. This takes up to a minute.',
  asTextToPassOn: 'As text, to pass on',
  findingsAsText: 'Findings as text',
  findingsCopied: 'Findings copied',
});
