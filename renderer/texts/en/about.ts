import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';

export const about = words('about', {
  about: 'About',
  whenSomethingDoesNotWork: 'When something does not work',
  supportBundle: 'Support bundle',
  versionsStateFindingsOfThe:
    'Versions, state, findings of the doctor, configuration and the last lines of the log. Names, places and ids are replaced; you see it before it is saved.',
  supportBundleButton: 'Support bundle…',
  log: 'Log',
  openLog: 'Open log',
  configuration: 'Configuration',
  openConfiguration: 'Open configuration',
  licences: 'Licences',
  latchkeyIsFreeSoftwareUnderThe: 'Latchkey is free software under the MIT licence',
  whatIsInItHasLicences: 'What is in it has licences of its own.',
  showLicences: 'Show licences…',
  system: 'System',
  openThoseOfChromium: 'Open those of Chromium',
  textOfTheLicences: 'Text of the licences',
  lookThroughItBeforeYouSend: (code: ReactNode) =>
    rich`Look through it before you send it. Placeholders such as ${code} stand for names of people and places, for ids and for files; equal ones are the same thing.`,
  gatheringTheDoctorLooksAt: 'Gathering; the doctor looks at everything once…',
  textOfTheSupportBundle: 'Text of the support bundle',
  writtenTo: (path: string) => `Written to ${path}.`,
  writtenToPath: (path: ReactNode) => rich`Written to ${path}`,
  save: 'Save…',
});
