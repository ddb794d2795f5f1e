import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';
import { plural } from './plural.ts';

export const flyout = words('flyout', {
  waiting: (count: number) =>
    plural(count, 'One question waits for your answer', `${count} questions wait for your answer`),
  signInUnderWay: 'A sign-in is under way',
  goOnInLatchkey: 'Go on in Latchkey',
  noConnectionIsOpenToYou: 'None of your groups opens a connection.',
  moreRoles: (count: number) => plural(count, 'One more role in Latchkey', `${count} more roles in Latchkey`),
  liveSessions: 'Live sessions',
  onSince: (program: ReactNode, title: ReactNode, since: string) =>
    rich`${program} on ${title}, since ${since}`,
  more: (count: number) => `and ${count} more`,
  lock: 'Lock',
  lockQuestion: 'Lock?',
  locked: 'Locked: no login is let in.',
  openLatchkey: 'Open Latchkey',
});
