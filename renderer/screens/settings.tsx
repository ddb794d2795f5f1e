import { useEffect, useId, useState } from 'react';
import { assertNever } from '../../main/contract/errors.ts';
import { type Language, languages } from '../../main/contract/language.ts';
import type { Preferences } from '../../main/contract/shapes.ts';
import type { AppState } from '../../main/contract/state.ts';
import { useAction, useTurn } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { settings as t } from '../texts/en/settings.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { Reading, UnderWay } from '../ui/reading.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { Switch } from '../ui/switch.tsx';
import { lifetime } from '../ui/time.ts';
import { ChoiceRow } from './choice-row.tsx';
import { OrganisationSection } from './organisation.tsx';
import { JoinedOrganisation } from './joined-organisation.tsx';
import { ShortcutRows } from './shortcut-rows.tsx';
import { UpdatesSection } from './updates.tsx';
import styles from './settings.module.css';

const themeNames = (): Record<Preferences['theme'], string> => ({
  system: t.system,
  light: t.light,
  dark: t.dark,
});

/** Each in its own words, for those who cannot read the others. */
const languageNames: Record<Language, string> = { en: 'English', de: 'Deutsch' };

/** What a person may choose about the application, and how this installation keeps its secrets. */
export function Settings({ state }: { state: AppState }) {
  return (
    <>
      <ScreenHeading>{t.settings}</ScreenHeading>
      <Choices />
      <OrganisationSection settings={state.organisationSettings} />
      <JoinedOrganisation state={state} />
      <UpdatesSection state={state} />
      <section className={styles['section']} aria-labelledby="keeping">
        <h2 id="keeping">{t.onThisComputer}</h2>
        <div className={styles['panel']}>
          <div className={styles['row']}>
            <div className={styles['what']}>
              {sealSentence(state.seal)}
              {state.seal.reason !== undefined && <small>{state.seal.reason}</small>}
            </div>
          </div>
          <QuitRow live={state.databaseSessions.length} />
        </div>
        <p className={styles['version']}>Latchkey {state.version}</p>
      </section>
    </>
  );
}

function sealSentence({ kind, waiting }: AppState['seal']): string {
  if (waiting === true) return t.whatIsStoredOfYourSign;
  switch (kind) {
    case 'keychain':
      return t.yourSignInIsKeptEncrypted;
    case 'key-file':
      return t.yourSignInIsKeptWithAKeyFile;
    case 'memory':
      return t.yourSignInIsKeptIn;
    default:
      return assertNever(kind);
  }
}

function Choices() {
  const action = useAction();
  const { run } = action;
  const [startAtLogin, language] = [useId(), useId()];
  const [preferences, setPreferences] = useState<Preferences>();
  const [turn, again] = useTurn();

  useEffect(() => {
    // Each turn reads them anew.
    let shown = turn >= 0;
    void run('getPreferences', {}).then((done) => {
      if (shown && done !== undefined) setPreferences(done.reply);
      return undefined;
    });
    return () => {
      shown = false;
    };
  }, [run, turn]);

  async function change(wanted: Partial<Preferences>): Promise<void> {
    const done = await run('setPreferences', wanted);
    if (done !== undefined) setPreferences(done.reply);
  }

  if (preferences === undefined) return <Reading problem={action.problem} onAgain={again} />;
  return (
    <section className={styles['section']} aria-labelledby="application">
      <h2 id="application">{common.application}</h2>
      <div className={styles['panel']}>
        <fieldset className={styles['row']} aria-labelledby="appearance">
          <div className={styles['what']} id="appearance">
            {t.appearance}
          </div>
          <div className={styles['themes']}>
            {(Object.keys(themeNames()) as Preferences['theme'][]).map((theme) => (
              <label key={theme}>
                <input
                  type="radio"
                  name="theme"
                  checked={preferences.theme === theme}
                  onChange={() => void change({ theme })}
                />
                {themeNames()[theme]}
              </label>
            ))}
          </div>
        </fieldset>
        <div className={styles['row']}>
          <label className={styles['what']} htmlFor={language}>
            {t.language}
            <small>{t.someTextsAreEnglish}</small>
          </label>
          <select
            id={language}
            className={styles['select']}
            value={preferences.language}
            onChange={({ target }) => void change({ language: target.value as Preferences['language'] })}
          >
            <option value="system">{t.languageOfTheSystem}</option>
            {languages.map((each) => (
              <option key={each} value={each} lang={each}>
                {languageNames[each]}
              </option>
            ))}
          </select>
        </div>
        <div className={styles['row']}>
          <label className={styles['what']} htmlFor={startAtLogin}>
            {t.startWhenILogInTo}
            <small>{t.withoutTheWindowSoThatYour}</small>
          </label>
          <Switch
            id={startAtLogin}
            checked={preferences.startAtLogin}
            onChange={(checked) => void change({ startAtLogin: checked })}
          />
        </div>
        <Habits preferences={preferences} change={(wanted) => void change(wanted)} />
        <ShortcutRows preferences={preferences} change={(wanted) => void change(wanted)} />
      </div>
      <UnderWay busy={action.busy} />
      <ProblemPanel problem={action.problem} onDismiss={action.dismiss} />
    </section>
  );
}

const waitingNames = (): Record<Preferences['whenLoginWaits'], string> => ({
  flash: t.showItAndLeaveTheKeyboard,
  front: t.bringItToTheFrontWith,
  notify: t.onlyNotifyMe,
});

const clickNames = (): Record<Preferences['trayClick'], string> => ({
  flyout: t.theSmallWindowBesideIt,
  main: t.theWindowOfLatchkey,
});

const clipboardTimes = [15, 30, 60, 120, 300];

/** How the person hears of what waits, and for how long a secret stays on the clipboard. */
function Habits(props: { preferences: Preferences; change(wanted: Partial<Preferences>): void }) {
  const { preferences, change } = props;
  const notifications = useId();
  const times = [...new Set([...clipboardTimes, preferences.clipboardSeconds])].toSorted((a, b) => a - b);
  return (
    <>
      <ChoiceRow
        label={t.whenALoginWaitsForYou}
        value={preferences.whenLoginWaits}
        options={Object.entries(waitingNames())}
        onChange={(value) => change({ whenLoginWaits: value as Preferences['whenLoginWaits'] })}
      >
        <small>{t.aSmallWindowAsksAboveAll}</small>
      </ChoiceRow>
      <div className={styles['row']}>
        <label className={styles['what']} htmlFor={notifications}>
          {t.notifications}
          <small>{t.withoutThemALoginThatWaits}</small>
        </label>
        <Switch
          id={notifications}
          checked={preferences.notifications}
          onChange={(checked) => change({ notifications: checked })}
        />
      </div>
      <ChoiceRow
        label={t.aClickAtTheTrayIcon}
        value={preferences.trayClick}
        options={Object.entries(clickNames())}
        onChange={(value) => change({ trayClick: value as Preferences['trayClick'] })}
      >
        <small>{t.itsMenuComesWithTheRightButton}</small>
      </ChoiceRow>
      <ChoiceRow
        label={t.tokensLeaveTheClipboardAfter}
        value={String(preferences.clipboardSeconds)}
        options={times.map((seconds) => [String(seconds), lifetime(seconds)] as const)}
        onChange={(value) => change({ clipboardSeconds: Number(value) })}
      >
        <small>{t.unlessYouHaveCopiedSomething}</small>
      </ChoiceRow>
    </>
  );
}

function QuitRow({ live }: { live: number }) {
  const quit = useAction();
  const [asking, setAsking] = useState(false);
  const end = async () => (await quit.run('quit', {})) !== undefined;
  return (
    <div className={styles['row']}>
      <div className={styles['what']}>
        {t.latchkeyGoesOnInTheBackground}
        <small>{t.quittingClosesTheWayToYour}</small>
      </div>
      <Button busy={quit.busy} onClick={() => (live > 0 ? setAsking(true) : void end())}>
        {t.quitLatchkey}
      </Button>
      {asking && (
        <ConfirmDialog
          question={{
            title: t.quitLatchkeyQuestion,
            text: <p>{t.databaseSessionsAreOpenAndEnd(live)}</p>,
            confirm: common.quit,
          }}
          action={quit}
          onConfirm={end}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
