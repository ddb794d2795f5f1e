import { pathToFileURL } from 'node:url';
import type { ActionHandlers } from '../contract/action-schemas.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ChosenFiles } from './chosen-files.ts';
import type { DesktopBroker } from './ports.ts';

/** The page names the bundle's file: only one that the person has chosen in the system's dialog is read. */
export function bundleFiles(
  { lookAtOrganisation, joinOrganisation }: DesktopBroker['actions'],
  files: Pick<ChosenFiles, 'open'>,
): ActionHandlers<'chooseBundle' | 'lookAtOrganisation' | 'joinOrganisation'> {
  const chosen = new Set<string>();

  function check(address: string): void {
    const text = address.trim();
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== 'file:') return;
    url.hash = '';
    if (chosen.has(url.href)) return;
    throw new LatchkeyError('request-refused', 'This file was not chosen here.', {
      remedy: 'Choose the file that your organisation has given you.',
    });
  }

  return {
    async chooseBundle() {
      const path = await files.open("Choose the file with your organisation's settings");
      if (path === undefined) return {};
      const address = pathToFileURL(path).href;
      chosen.add(address);
      return { file: { path, address } };
    },
    async lookAtOrganisation(request) {
      check(request.address);
      return lookAtOrganisation(request);
    },
    async joinOrganisation(request, proof) {
      check(request.address);
      return joinOrganisation(request, proof);
    },
  };
}
