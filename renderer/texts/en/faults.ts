import { words } from '../words.ts';
import { plural } from './plural.ts';

export const faults = words('faults', {
  thereIsNoConfigurationYet: 'There is no configuration yet',
  latchkeyHasNotStarted: 'Latchkey has not started',
  setLatchkeyUp: 'Set Latchkey up',
  latchkeyMakesThisFileAndWrites:
    'Latchkey makes this file, and writes into it what you set up in the window.',
  nothingHasBeenChangedAndNobody: 'Nothing has been changed, and nobody is let in meanwhile.',
  placesCannotCount: (count: number) =>
    plural(
      count,
      'One place in the configuration cannot count. Correct what is named, save the file, and try again.',
      `${count} places in the configuration cannot count. Correct what is named, save the file, and try again.`,
    ),
  thereAreStillFaults: (faults: number) =>
    plural(faults, 'There is still one fault', `There are still ${faults} faults`),
});
