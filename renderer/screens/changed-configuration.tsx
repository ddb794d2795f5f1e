import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { frame as t } from '../texts/en/frame.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';

/** The configuration file says something else than what counts: here it is let count. */
export function ChangedConfiguration({ state }: { state: AppState }) {
  const { configurationChange: change, needsRestart = [] } = state;
  return (
    <>
      {change !== undefined && change.problem === undefined && <Changed {...change} />}
      {change?.problem !== undefined && (
        <ProblemPanel
          problem={{
            ...change.problem,
            remedy: t.whatCountedBeforeGoesOn(change.problem.remedy ?? '').trim(),
          }}
        />
      )}
      {needsRestart.length > 0 && (
        <Callout icon="clock" title={t.somethingInTheConfiguration}>
          {needsRestart.join(', ')}
        </Callout>
      )}
    </>
  );
}

function Changed({ changes, ends }: NonNullable<AppState['configurationChange']>) {
  const reload = useAction();
  const announce = useAnnounce();

  async function apply(): Promise<void> {
    if ((await reload.run('reloadConfiguration', {})) === undefined) return;
    announce(t.theConfigurationCountsAsItIs);
    // The button goes with its call-out.
    document.querySelector('h1')?.focus();
  }

  return (
    <Callout icon="alert" title={t.theConfigurationFileHasChanged}>
      {changes.length > 0 && (
        <ul>
          {changes.slice(0, most).map((change) => (
            <li key={change}>{change}</li>
          ))}
          {changes.length > most && <li>{t.andMore(changes.length - most)}</li>}
        </ul>
      )}
      {ends > 0 && <p>{t.databaseSessionsDoNotStandIn(ends)}</p>}
      <p>
        <Button busy={reload.busy} onClick={() => void apply()}>
          {t.applyTheChanges}
        </Button>
      </p>
      <ProblemPanel problem={reload.problem} />
    </Callout>
  );
}

const most = 8;
