import { describe, expect, test } from 'vitest';
import type { AppState } from '../../main/contract/state.ts';
import { noticeOnChange, promptNotices } from '../../main/desktop/notices.ts';
import { de } from '../../main/desktop/texts/de.ts';
import { en } from '../../main/desktop/texts/en.ts';
import { type TrayItem, trayMenu, trayStatus } from '../../main/desktop/tray-menu.ts';
import { twoAccounts } from '../renderer/account-states.ts';
import * as identity from '../renderer/identity-states.ts';
import * as prompts from '../renderer/prompt-states.ts';
import * as states from '../renderer/states.ts';

const german = (state: AppState): AppState => ({ ...state, language: 'de' });
const labels = (items: readonly TrayItem[]): string[] =>
  items.flatMap((item) => (item === 'separator' ? [] : [item.label, ...labels(item.submenu ?? [])]));
const said = (state: AppState): string[] => [
  trayStatus(state).text,
  ...labels(trayMenu(state, states.moment)),
];

/** Words of the English texts that no German one has. */
const isEnglish =
  /\b(?:Sign|Signed|Signing|Copy|Open|Quit|Lock|until|expires|since|All accounts|Waiting|waiting|wants|logins?|for|with|your|the)\b/;

describe('in German', () => {
  test.each([
    ['nobody signed in', states.signedOut],
    ['several providers', states.twoProviders],
    ['a code', states.code],
    ['the browser', identity.browser],
    ['live sessions', states.busy],
    ['two accounts', twoAccounts],
    ['a locked screen', { ...states.signedIn, lockedSince: states.at(-2) }],
    ['a new program', prompts.newProgram],
    ['a tool that waits for a sign-in', prompts.toolWaits],
  ])('the tray says it: %s', (_what, state) => {
    const names = /\b(?:Orders, production|Sales warehouse|adm-adele)\b/g;
    for (const text of said(german(state))) expect(text.replace(names, '')).not.toMatch(isEnglish);
    expect(said(german(state))).toContain('Latchkey beenden');
    expect(said(state)).toContain('Quit Latchkey');
  });

  test('a failure is told by its code', () => {
    const failed = german(states.expiredCode);
    expect(trayStatus(failed).text).toBe('Der Code ist abgelaufen.');
    expect(trayStatus(states.expiredCode).text).not.toBe('Der Code ist abgelaufen.');
  });

  test('notifications too', () => {
    expect(noticeOnChange(german(states.code), german(states.signedIn))).toMatchObject({
      title: 'Angemeldet',
    });
    expect(promptNotices(undefined, german(prompts.newProgram))).toMatchObject([
      {
        title: 'dbeaver möchte Sales warehouse benutzen',
        body: expect.stringContaining('zuzulassen oder abzulehnen'),
      },
    ]);
  });

  test('each text is another one than in English, whatever its values', () => {
    const same = Object.entries(en)
      .filter(([, text]) => typeof text === 'string')
      .filter(([key, text]) => de[key as keyof typeof de] === text);
    expect(same).toEqual([]);
  });
});
