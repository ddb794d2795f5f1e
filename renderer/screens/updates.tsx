import { useId, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import type { UpdateChannel, UpdateState } from '../../main/contract/update-state.ts';
import { updateText } from '../../main/contract/update-text.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import settings from './settings.module.css';

const channelNames: Record<UpdateChannel, string> = { stable: 'Stable', beta: 'Beta' };

/** Which newer versions there are, and what becomes of them. */
export function UpdatesSection({ state }: { state: AppState }) {
  const { updates } = state;
  if (updates === undefined) return null;
  const isOn = updates.now.kind !== 'off';
  return (
    <section className={settings['section']} aria-labelledby="updates">
      <h2 id="updates">Updates</h2>
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
          <progress className={settings['progress']} aria-label="Download" max={100} value={now.percent} />
        )}
        {/* Else the state says what has come of it. */}
        {now.kind === 'unknown' && <ProblemPanel problem={check.problem} onDismiss={check.dismiss} />}
      </div>
      {now.kind !== 'off' && now.kind !== 'ready' && (
        <Button busy={busy} onClick={() => void check.run('checkForUpdates', {})}>
          Check now
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
        Restart to update
      </Button>
      {!asking && <ProblemPanel problem={install.problem} onDismiss={install.dismiss} />}
      {asking && (
        <ConfirmDialog
          question={{
            title: 'Restart to update?',
            text: (
              <p>
                {live === 1
                  ? 'A database session is open and ends'
                  : `${live} database sessions are open and end`}{' '}
                at once.
              </p>
            ),
            confirm: 'Restart',
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
          Which versions
          <small>Set by your organisation.</small>
        </div>
        {channelNames[channel.value]}
      </div>
    );
  return (
    <div className={settings['row']}>
      <label className={settings['what']} htmlFor={id}>
        Which versions
        <small>Beta versions come earlier, and have been tried by fewer people.</small>
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
        {(Object.keys(channelNames) as UpdateChannel[]).map((one) => (
          <option key={one} value={one}>
            {channelNames[one]}
          </option>
        ))}
      </select>
    </div>
  );
}

const by = (origin: NonNullable<UpdateState['pinned']>['origin']): string =>
  origin === 'organisation' ? 'Your organisation has set' : 'Your configuration file has set';

/** What keeps updates to one version or one server. */
function PolicyRow({ updates: { pinned, server } }: { updates: UpdateState }) {
  if (pinned === undefined && server === undefined) return null;
  return (
    <div className={settings['row']}>
      <div className={settings['what']}>
        {pinned !== undefined && (
          <div>
            {by(pinned.origin)} version {pinned.version}: no other one is taken.
          </div>
        )}
        {server !== undefined && (
          <div>
            {by(server.origin)} the server: <Name>{server.address}</Name>
          </div>
        )}
      </div>
    </div>
  );
}
