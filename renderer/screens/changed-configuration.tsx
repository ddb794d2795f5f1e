import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
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
            remedy: `${change.problem.remedy ?? ''} What counted before goes on.`.trim(),
          }}
        />
      )}
      {needsRestart.length > 0 && (
        <Callout icon="clock" title="Something in the configuration counts from the next start of Latchkey">
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
    announce('The configuration counts as it is now');
    // The button goes with its call-out.
    document.querySelector('h1')?.focus();
  }

  return (
    <Callout icon="alert" title="The configuration file has changed">
      {changes.length > 0 && (
        <ul>
          {changes.slice(0, most).map((change) => (
            <li key={change}>{change}</li>
          ))}
          {changes.length > most && <li>and {changes.length - most} more</li>}
        </ul>
      )}
      {ends > 0 && (
        <p>
          {ends === 1
            ? 'One database session does not stand in it any more and ends.'
            : `${ends} database sessions do not stand in it any more and end.`}
        </p>
      )}
      <p>
        <Button busy={reload.busy} onClick={() => void apply()}>
          Apply the changes
        </Button>
      </p>
      <ProblemPanel problem={reload.problem} />
    </Callout>
  );
}

const most = 8;
