import { useState } from 'react';
import { useAction } from '../bridge.ts';
import { Choice } from '../ui/choice.tsx';
import { useFormFocus } from '../ui/faults.ts';
import { SelectField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { plainText } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';

const all = '';

/** Writes connections into a file that is chosen in a dialog of the system; it holds no password. */
export function ConnectionExport(props: { names: string[]; onDone(text: string): void; onCancel(): void }) {
  const action = useAction();
  const { form } = useFormFocus();
  const [name, setName] = useState(all);
  const [kind, setKind] = useState<'portable' | 'whole'>('portable');

  async function write(): Promise<void> {
    const names = name === all ? {} : { names: [name] };
    const done = await action.run('saveExport', { ...names, portable: kind === 'portable' });
    if (done?.reply.path !== undefined) props.onDone(`Written to ${done.reply.path}`);
  }

  return (
    <Form
      ref={form}
      label="Export connections"
      submit="Choose where…"
      busy={action.busy}
      onSubmit={() => void write()}
      onCancel={props.onCancel}
    >
      <SelectField
        label="Connections"
        value={name}
        options={[
          { value: all, label: 'All of them' },
          ...props.names.map((one) => ({ value: one, label: plainText(one) })),
        ]}
        onChange={setName}
      />
      <Choice<'portable' | 'whole'>
        legend="For whom"
        value={kind}
        onChange={setKind}
        options={[
          {
            value: 'portable',
            label: 'For a colleague',
            hint: 'Without the ports and files of this computer.',
          },
          { value: 'whole', label: 'For this computer', hint: 'All of it, as it stands in the file.' },
        ]}
      />
      <ProblemPanel problem={action.problem} />
    </Form>
  );
}
