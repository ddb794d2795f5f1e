import { LatchkeyError } from '../../main/contract/errors.ts';
import { parts, describeWith } from '../support/parts.ts';
import { checkScreens, eachScreen, place, press, type Screen } from './each-screen.ts';
import * as identity from './identity-states.ts';
import * as states from './states.ts';

const screens: Screen[] = [
  {
    name: 'providers',
    state: identity.chain,
    shows: [
      'Contoso',
      'everybody whom the tenant knows',
      'with a code, then with the browser',
      'fabrikam.example, fabrikam.test',
      'stored, encrypted',
      'Break-glass accounts of this computer',
    ],
    open: place('Providers'),
  },
  {
    name: 'providers-empty',
    state: identity.noProvider,
    shows: ['No provider is set up yet', 'Add a provider'],
    open: place('Providers'),
  },
  {
    name: 'provider-add',
    state: identity.chain,
    shows: [
      '2 fields need another value.',
      'Enter the address of the authority.',
      'Nothing has been changed yet.',
    ],
    async open(page) {
      await place('Providers')(page);
      await press(page, 'Add a provider');
      await page.getByLabel('Name').fill('northwind');
      await press(page, 'Add provider');
    },
  },
  {
    name: 'provider-edit',
    state: identity.chain,
    shows: [
      'The tenant is now fabrikam.example',
      'Must be an https address',
      'One field needs another value.',
    ],
    async open(page, bridge) {
      bridge.answer({ saveProvider: refuseAuthority });
      await place('Providers')(page);
      await press(page, 'Edit fabrikam');
      await press(page, 'Save');
    },
  },
  {
    name: 'provider-secret',
    state: identity.chain,
    shows: ['New application secret', 'Forget the stored one'],
    async open(page) {
      await place('Providers')(page);
      await press(page, 'Application secret of fabrikam');
    },
  },
  {
    name: 'provider-checked',
    state: identity.chain,
    shows: ['Allow public client flows', 'AADSTS7000218'],
    async open(page, bridge) {
      bridge.answer({ validateProvider: () => ({ checks: identity.checks }) });
      await place('Providers')(page);
      await press(page, 'Check Contoso');
    },
  },
  {
    name: 'provider-remove',
    state: identity.chain,
    shows: ['Remove this provider?', 'You are signed in through it'],
    async open(page) {
      await place('Providers')(page);
      await press(page, 'Remove Contoso');
    },
  },
  {
    name: 'doctor',
    state: states.signedIn,
    shows: [
      '2 failed, 1 warning, 1 skipped, 3 in order',
      'Run: latchkey secret set orders_owner',
      'AADSTS7000218',
    ],
    async open(page, bridge) {
      bridge.answer({ runDoctor: () => ({ checks: identity.checks }) });
      await place('Doctor')(page);
      await press(page, 'Run all checks');
      await page.locator('summary').click();
    },
  },
  {
    name: 'doctor-running',
    state: states.signedIn,
    shows: ['Checking. This takes up to a minute.'],
    async open(page, bridge) {
      bridge.answer({ runDoctor: () => new Promise(() => undefined) });
      await place('Doctor')(page);
      await press(page, 'Run all checks');
    },
  },
];

function refuseAuthority(): never {
  throw new LatchkeyError(
    'config-invalid',
    'The configuration /etc/latchkey/latchkey.yaml has a fault:\n  line 9: providers[1].authority ("http://x"): must be an https address such as https://login.microsoftonline.com/<tenant id>',
    { remedy: 'Correct the lines named; nothing has been changed.' },
  );
}

describeWith([parts.pageEngine], eachScreen, () => checkScreens(screens, ['providers', 'doctor']));
