import { useState } from 'react';
import { useAction } from '../bridge.ts';
import { connections as t } from '../texts/en/connections.ts';
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
    if (done?.reply.path !== undefined) props.onDone(t.writtenTo(done.reply.path));
  }

  return (
    <Form
      ref={form}
      label={t.exportConnections}
      submit={t.chooseWhere}
      busy={action.busy}
      onSubmit={() => void write()}
      onCancel={props.onCancel}
    >
      <SelectField
        label={t.connections}
        value={name}
        options={[
          { value: all, label: t.allOfThem },
          ...props.names.map((one) => ({ value: one, label: plainText(one) })),
        ]}
        onChange={setName}
      />
      <Choice<'portable' | 'whole'>
        legend={t.forWhom}
        value={kind}
        onChange={setKind}
        options={[
          {
            value: 'portable',
            label: t.forAColleague,
            hint: t.withoutThePortsAndFilesOf,
          },
          { value: 'whole', label: t.forThisComputer, hint: t.allOfItAsItStands },
        ]}
      />
      <ProblemPanel problem={action.problem} />
    </Form>
  );
}
