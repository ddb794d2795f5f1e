import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';
import { plural } from './plural.ts';

export const connect = words('connect', {
  connectAToolTo: (connection: ReactNode) => rich`Connect a tool to ${connection}`,
  theSettingsHaveItsNameAnd: 'The settings have its name, and saved passwords are made for it.',
  lookingForTheToolsOfThis: 'Looking for the tools of this computer…',
  copied: (label: string) => `${label} copied`,
  forItsDialog: 'For its dialog',
  copyOfTheDialog: (label: string) => `Copy ${label} of the dialog`,
  filesWritten: (written: number) => plural(written, 'One file written', `${written} files written`),
  whatLatchkeyCanWrite: 'What Latchkey can write',
  writeTheseFiles: (files: number) => plural(files, 'Write this file', 'Write these files'),
  allOfItWasThereAlready: 'All of it was there already.',
  written: 'Written. ',
  savedPasswordForCopiedPasteIt: (title: string) =>
    `Saved password for ${title} copied. Paste it there, and let the tool save it.`,
  passwordToPaste: 'Password to paste',
  theToolMaySaveItIt:
    'The tool may save it. It opens nothing by itself: each login with it needs you to be signed in, on this computer.',
  copyThePasswordFor: (title: string) => `Copy the password for ${title}`,
  copyThePassword: 'Copy the password',
  pasteItAsThePasswordAnd: 'Paste it as the password, and let the tool save it. It is not shown again.',
  isStarting: (title: string) => `${title} is starting`,
  open: (title: ReactNode) => rich`Open ${title}`,
  searchTools: 'Search tools',
  noToolIsCalledThat: 'No tool is called that.',
  tool: 'Tool',
  foundOnThisComputer: 'Found on this computer',
});
