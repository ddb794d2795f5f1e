import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';

export const tools = words('tools', {
  copied: (tool: string) =>
    `Saved password for ${tool} copied. Paste it as the password, and let the tool save it.`,
  revoked: 'Saved password revoked',
  tools: 'Tools',
  savedPasswords: 'Saved passwords',
  goToYourConnections: 'Go to your connections',
  makeOne: 'Make a saved password',
  whatItIs:
    'A saved password is one that a tool may keep. It opens nothing by itself: each login with it needs you to be signed in, on this computer.',
  noneOfYourGroupsOpensA: 'None of your groups opens a database, so there is nothing to make one for.',
  signInToMakeOne: 'Sign in to make one.',
  isCopied: (tool: ReactNode) =>
    rich`The saved password for ${tool} is copied. Paste it there as the password, and let the tool save it. It is not shown again.`,
  noneYet: 'No tool has a saved password yet',
  makeOneForAToolThat: 'Make one for a tool that should connect without asking you for a token each time.',
  defaultRole: 'default role',
  role: (role: ReactNode) => rich`role ${role}`,
  forAnyProgramThatYouAllow: 'for any program that you allow',
  onlyFor: (boundTo: ReactNode) => rich`only for ${boundTo}`,
  goodUntil: (expiresAt: string) => `good until ${expiresAt}`,
  expired: (expiresAt: string) => `expired ${expiresAt}`,
  made: (createdAt: string) => `made ${createdAt}`,
  notUsedSinceLatchkeyStarted: 'not used since Latchkey started',
  used: (ago: string) => `used ${ago}`,
  revokeThatOf: (tool: string, title: string) => `Revoke the saved password of ${tool} for ${title}`,
  revokeThis: 'Revoke this saved password?',
  whatHasSavedStopsWorkingFor: (tool: ReactNode) =>
    rich`What ${tool} has saved stops working for good, and the database sessions that were opened with it end at once.`,
  makeAndCopy: 'Make and copy',
  tool: 'Tool',
  anyNameByWhichYouKnow: 'Any name by which you know it again, such as DBeaver.',
  enterANameFirst: 'Enter a name first.',
  itServesThisAccount: 'The saved password serves this account alone.',
});
