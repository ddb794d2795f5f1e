import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { versions } from '../base/version.ts';
import type { ActionHandlers } from '../contract/action-schemas.ts';
import { bundleFileName, bundleText } from '../contract/bundle-text.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { rewriteDurably } from '../store/durable-file.ts';
import type { ChosenFiles } from './chosen-files.ts';
import type { DesktopBroker } from './ports.ts';

/** Files of the program that a person may look at. */
export interface AboutFiles {
  configurationFile: string;
  /** The notices of what is in the program: the first that is there counts. */
  licences: readonly string[];
  /** HTML, where Electron has put it. */
  chromiumLicences: string;
}

interface AboutParts {
  broker: Pick<DesktopBroker, 'actions' | 'logFile'>;
  files: Pick<ChosenFiles, 'save'>;
  about: AboutFiles;
  openPath(path: string): Promise<string>;
}

type AboutAction = 'readAbout' | 'readLicences' | 'openOwnFile' | 'makeSupportBundle' | 'saveSupportBundle';

export function aboutActions({ broker, files, about, openPath }: AboutParts): ActionHandlers<AboutAction> {
  /** What the person has seen is what is saved. */
  let shown: string | undefined;

  return {
    readAbout: async () => ({
      versions: versions(),
      configurationFile: about.configurationFile,
      logFile: broker.logFile,
    }),

    async readLicences() {
      const path = about.licences.find((one) => existsSync(one));
      if (path === undefined)
        throw new LatchkeyError('command-failed', 'The file with the licences is not there.', {
          remedy: 'Install Latchkey again.',
        });
      return { text: await readFile(path, 'utf8'), hasChromium: existsSync(about.chromiumLicences) };
    },

    async openOwnFile({ file }) {
      const path = file === 'log' ? broker.logFile : about.chromiumLicences;
      const failure = await openPath(path);
      if (failure !== '')
        throw new LatchkeyError('command-failed', `The file ${path} could not be opened.`, {
          remedy: 'Open it yourself in an editor or a browser.',
        });
    },

    async makeSupportBundle(request) {
      const made = await broker.actions.makeSupportBundle(request);
      shown = `${bundleText(made.bundle)}\n`;
      return made;
    },

    async saveSupportBundle() {
      if (shown === undefined)
        throw new LatchkeyError('request-invalid', 'There is no support bundle to save.', {
          remedy: 'Make one first.',
        });
      const text = shown;
      const path = await files.save('Save the support bundle', bundleFileName);
      if (path === undefined) return {};
      // The dialog has asked where a file is there already.
      await rewriteDurably(path, Buffer.from(text), { mode: 0o600 });
      return { path };
    },
  };
}
