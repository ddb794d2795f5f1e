import { useId, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import type { UpdateChannel, UpdateState } from '../../main/contract/update-state.ts';
import { updateText } from '../../main/contract/update-text.ts';
import { useAction } from '../bridge.ts';
import { settings as t } from '../texts/en/settings.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import settings from './settings.module.css';

const channelNames = (): Record<UpdateChannel, string> => ({ stable: t.stable, beta: t.beta });

/** Which newer versions there are, and what becomes of them. */
export function UpdatesSection({ state }: { state: AppState }) {
  const { updates } = state;
  if (updates === undefined) return null;
  const isOn = updates.now.kind !== 'off';
  return (
    <section className={settings['section']} aria-labelledby="updates">
      <h2 id="updates">{t.updates}</h2>
      <div className={settings['panel']}>
        <NowRow updates={updates} live={state.databaseSessions.length} />
        {isOn && <ChannelRow updates={updates} />}
        {isOn && <PolicyRow updates={updates} />}
      </div>
    </section>
  );
}

function NowRow({ updates, live }: { updates: UpdateState; live: number }) {
  const { now } = updates;
  const { text, more } = updateText(updates);
  const check = useAction();
  const busy = check.busy || now.kind === 'checking' || now.kind === 'downloading';
  return (
    <div className={settings['row']}>
      <div className={settings['what']} aria-live="polite">
        {text}
        {more !== undefined && (
          <small>
            <Name>{more}</Name>
          </small>
        )}
        {now.kind === 'downloading' && (
          <progress className={settings['progress']} aria-label={t.download} max={100} value={now.percent} />
        )}
        {/* Else the state says what has come of it, as long as somebody is there to say it. */}
        {(now.kind === 'unknown' || check.problem?.code === 'broker-not-running') && (
          <ProblemPanel problem={check.problem} onDismiss={check.dismiss} />
        )}
      </div>
      {now.kind !== 'off' && now.kind !== 'ready' && (
        <Button busy={busy} onClick={() => void check.run('checkForUpdates', {})}>
          {t.checkNow}
        </Button>
      )}
      {now.kind === 'ready' && <Restart live={live} />}
    </div>
  );
}

function Restart({ live }: { live: number }) {
  const install = useAction();
  const [asking, setAsking] = useState(false);
  const restart = async (endSessions?: true) =>
    (await install.run('installUpdate', endSessions === undefined ? {} : { endSessions })) !== undefined;
  return (
    <>
      <Button
        kind="primary"
        busy={install.busy}
        onClick={() => (live > 0 ? setAsking(true) : void restart())}
      >
        {t.restartToUpdate}
      </Button>
      {!asking && <ProblemPanel problem={install.problem} onDismiss={install.dismiss} />}
      {asking && (
        <ConfirmDialog
          question={{
            title: t.restartToUpdateQuestion,
            text: <p>{t.databaseSessionsAreOpenAndEnd(live)}</p>,
            confirm: t.restart,
          }}
          action={install}
          onConfirm={() => restart(true)}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

function ChannelRow({ updates: { channel } }: { updates: UpdateState }) {
  const id = useId();
  const change = useAction();
  if (channel.locked)
    return (
      <div className={settings['row']}>
        <div className={settings['what']}>
          {t.whichVersions}
          <small>{t.setByYourOrganisation}</small>
        </div>
        {channelNames()[channel.value]}
      </div>
    );
  return (
    <div className={settings['row']}>
      <label className={settings['what']} htmlFor={id}>
        {t.whichVersions}
        <small>{t.betaVersionsComeEarlierAndHave}</small>
        <ProblemPanel problem={change.problem} onDismiss={change.dismiss} />
      </label>
      <select
        id={id}
        className={settings['select']}
        value={channel.value}
        onChange={({ target }) =>
          void change.run('setUpdateChannel', { channel: target.value === 'beta' ? 'beta' : 'stable' })
        }
      >
        {(Object.keys(channelNames()) as UpdateChannel[]).map((one) => (
          <option key={one} value={one}>
            {channelNames()[one]}
          </option>
        ))}
      </select>
    </div>
  );
}

/** What keeps updates to one version or one server. */
function PolicyRow({ updates: { pinned, server } }: { updates: UpdateState }) {
  if (pinned === undefined && server === undefined) return null;
  return (
    <div className={settings['row']}>
      <div className={settings['what']}>
        {pinned !== undefined && (
          <div>
            {(pinned.origin === 'organisation' ? t.organisationPinned : t.filePinned)(pinned.version)}
          </div>
        )}
        {server !== undefined && (
          <div>
            {(server.origin === 'organisation' ? t.organisationServer : t.fileServer)(
              <Name>{server.address}</Name>,
            )}
          </div>
        )}
      </div>
    </div>
  );
}
