import { useEffect, useRef, useState } from 'react';
import type { ClientChoice, ClientPrompt } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Choice, type Option } from '../ui/choice.tsx';
import { Countdown } from '../ui/countdown.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { PromptFrame, type PromptProps } from './prompt-frame.tsx';
import { usePromptShell, useSettled } from './prompt-shell.tsx';

const options: Record<ClientChoice, Option<ClientChoice>> = {
  once: { value: 'once', label: 'once' },
  hour: { value: 'hour', label: 'for an hour' },
  'until-lock': { value: 'until-lock', label: 'until the screen is locked' },
  always: {
    value: 'always',
    label: 'always: this program for this connection',
    hint: 'The handle then opens nothing for any other program.',
  },
};

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
    if ((await allow.run('allowClient', { id, choice })) !== undefined)
      props.onSettled('Allowed. The login goes on.');
  }

  return (
    <PromptFrame
      asked={props}
      heading={
        <>
          May {prompt.process === undefined ? 'an unknown program' : <Name>{prompt.process.program}</Name>}{' '}
          use <Name>{props.title}</Name>?
        </>
      }
      lead="It has not been allowed yet. Allow it only if you have just started this login yourself."
      whenNoneWaits={
        choices.length > 1
          ? 'allow it for longer than once, then connect again'
          : 'connect again to be asked again'
      }
      yes={
        <Button kind="primary" busy={allow.busy || !settled} onClick={() => void accept()}>
          {choices.length > 1 ? 'Allow' : 'Allow once'}
        </Button>
      }
      no="Deny"
      refused="Denied. The program is not let in."
    >
      <Countdown
        from={prompt.since}
        until={prompt.expiresAt}
        left="Can be answered for another"
        over="The time to answer is over"
        soon="The prompt can be answered for half a minute more"
        soonMs={30_000}
      />
      {choices.length > 1 ? (
        <Choice<ClientChoice>
          ref={least}
          legend="Allow it"
          options={choices.map((name) => options[name])}
          value={choice}
          onChange={setChosen}
        />
      ) : (
        <p>
          It can be allowed only once: the system does not tell enough about it to recognise it when it comes
          again.
        </p>
      )}
      <ProblemPanel problem={allow.problem} />
    </PromptFrame>
  );
}
