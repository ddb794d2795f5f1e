import { useEffect, useRef, useState } from 'react';
import type { ClientChoice, ClientPrompt } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { prompts as t } from '../texts/en/prompts.ts';
import { Button } from '../ui/button.tsx';
import { Choice, type Option } from '../ui/choice.tsx';
import { Countdown } from '../ui/countdown.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { PromptFrame, type PromptProps } from './prompt-frame.tsx';
import { usePromptShell, useSettled } from './prompt-shell.tsx';

const options = (): Record<ClientChoice, Option<ClientChoice>> => ({
  once: { value: 'once', label: t.once },
  hour: { value: 'hour', label: t.forAnHour },
  'until-lock': { value: 'until-lock', label: t.untilTheScreenIsLocked },
  always: { value: 'always', label: t.always, hint: t.thenOpensNothingForOthers },
});

/** A program has come that has not been allowed yet. */
export function ClientPromptDialog(props: PromptProps<ClientPrompt>) {
  const { prompt } = props;
  const { id, choices } = prompt;
  const allow = useAction();
  const [first = 'once'] = choices;
  const [chosen, setChosen] = useState(first);
  const choice = choices.includes(chosen) ? chosen : first;
  const settled = useSettled();
  const least = useRef<HTMLInputElement>(null);
  const { startsOnText } = usePromptShell();
  useEffect(() => {
    if (!startsOnText) least.current?.focus();
  }, [startsOnText]);

  async function accept(): Promise<void> {
    if ((await allow.run('allowClient', { id, choice })) !== undefined) props.onSettled(t.allowed);
  }

  return (
    <PromptFrame
      asked={props}
      heading={
        prompt.process === undefined
          ? t.mayUnknownProgramUse(<Name>{props.title}</Name>)
          : t.mayProgramUse(<Name>{prompt.process.program}</Name>, <Name>{props.title}</Name>)
      }
      lead={t.allowOnlyWhatYouHaveStarted}
      whenNoneWaits={choices.length > 1 ? t.allowForLongerThenConnectAgain : t.connectAgainToBeAskedAgain}
      yes={
        <Button kind="primary" busy={allow.busy || !settled} onClick={() => void accept()}>
          {choices.length > 1 ? t.allow : t.allowOnce}
        </Button>
      }
      no={t.deny}
      refused={t.deniedTheProgram}
    >
      <Countdown
        from={prompt.since}
        until={prompt.expiresAt}
        left={t.canBeAnsweredForAnother}
        over={t.theTimeToAnswerIsOver}
        soon={t.canBeAnsweredForHalfAMinute}
        soonMs={30_000}
      />
      {choices.length > 1 ? (
        <Choice<ClientChoice>
          ref={least}
          legend={t.allowIt}
          options={choices.map((name) => options()[name])}
          value={choice}
          onChange={setChosen}
        />
      ) : (
        <p>{t.canBeAllowedOnlyOnce}</p>
      )}
      <ProblemPanel problem={allow.problem} />
    </PromptFrame>
  );
}
