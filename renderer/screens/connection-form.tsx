import { useState } from 'react';
import type { ActionReply } from '../../main/contract/action-schemas.ts';
import type { AppState } from '../../main/contract/state.ts';
import { common } from '../texts/en/common.ts';
import { connections as t } from '../texts/en/connections.ts';
import { Button } from '../ui/button.tsx';
import { useDraft } from '../ui/drafts.tsx';
import { faultSummary, useFormFocus } from '../ui/faults.ts';
import { TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import layout from '../ui/layout.module.css';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import {
  checkDraft,
  type ConnectionDraft,
  type ConnectionFaults,
  draftOf,
  faultsOf,
  formOf,
  isFieldLocked,
  newConnection,
  testedSettings,
  type ReadConnections,
  type WrittenConnection,
} from './connection-draft.ts';
import { EncryptionFields, type FieldOf, ServerFields } from './connection-fields.tsx';
import { TestReport, useConnectionTest } from './connection-test.tsx';
import { groupNames, newRule, secretOf } from './rule-draft.ts';
import { passwordField, RuleFields } from './rule-fields.tsx';
import { useAdministration } from './step-up.tsx';
import cards from '../ui/cards.module.css';

export type SavedConnections = ActionReply<'saveConnections'>;

interface FormProps {
  state: AppState;
  read: ReadConnections;
  /** Names of the passwords that are stored. */
  stored: ReadonlySet<string>;
  /** The one that is changed; absent for a new one. */
  before?: WrittenConnection;
  onSaved(saved: SavedConnections): void;
  onCancel(): void;
}

/** What the drafts of these forms are kept by. */
export const draftKey = (before: Pick<WrittenConnection, 'name'> | undefined): string =>
  before === undefined ? 'new connection' : `connection ${before.name}`;

/** Adds a connection, or changes the one that is given. */
export function ConnectionForm(props: FormProps) {
  const { state } = props;
  const { before, draft, field, faultOf, problem, busy, form, change, submit, typed, cancel } =
    useConnectionForm(props);
  const isNew = before === undefined;
  const { test, button } = useConnectionTest(state);
  const name = before?.name ?? draft.name.trim();
  const rulesAreLocked = isFieldLocked(before, 'rules');

  return (
    <Form
      ref={form}
      label={isNew ? t.newConnection : t.settingsOf(before.name)}
      submit={isNew ? t.addConnection : common.save}
      busy={busy}
      onSubmit={() => void submit()}
      onCancel={cancel}
      beside={
        <Button
          ref={button}
          busy={test.action.busy}
          onClick={() =>
            void test.run({
              name: name === '' ? 'new' : name,
              settings: testedSettings(draft, before),
              role: draft.rules[0]?.role.trim() || undefined,
              password: typed()[0]?.value,
            })
          }
        >
          {common.test}
        </Button>
      }
    >
      <ProblemPanel problem={problem} />
      <div className={cards['pair']}>
        {isNew && (
          <TextField
            label={common.name}
            hint={t.lowerCaseLettersDigitsAndIt}
            {...field('name')}
            maxLength={63}
          />
        )}
        <TextField label={t.title} hint={t.whatPeopleReadByDefaultThe} {...field('title')} maxLength={100} />
      </div>
      <ServerFields before={before} read={props.read} draft={draft} field={field} change={change} />
      <EncryptionFields field={field} />
      {rulesAreLocked && <p className={layout['soft']}>{t.yourOrganisationHasSetTheRules}</p>}
      {(rulesAreLocked ? [] : draft.rules).map((rule, index) => (
        <RuleFields
          key={rule.key}
          rule={rule}
          position={index + 1}
          name={name}
          stored={props.stored}
          groups={groupNames(state)}
          takesPassword={state.providers.length > 0}
          faultOf={(key) => faultOf(`rules.${index}.${key}`)}
          onChange={(next) => change((old) => ({ ...old, rules: old.rules.with(index, next) }))}
          onRemove={
            draft.rules.length === 1
              ? undefined
              : () => {
                  change((old) => ({ ...old, rules: old.rules.toSpliced(index, 1) }));
                  form.current?.querySelector('input')?.focus();
                }
          }
        />
      ))}
      {!rulesAreLocked && (
        <div className={layout['buttons']}>
          <Button
            onClick={() =>
              change((old) => ({
                ...old,
                rules: [...old.rules, newRule(1 + Math.max(-1, ...old.rules.map(({ key }) => key)))],
              }))
            }
          >
            {t.addAnotherRule}
          </Button>
        </div>
      )}
      <TestReport test={test} name={name === '' ? 'the connection' : name} />
    </Form>
  );
}

/** The draft with its faults. Where it cannot be saved, the first field that is wrong gets the focus. */
function useConnectionForm({ read, before: now, onSaved, onCancel }: FormProps) {
  const save = useAdministration();
  const { form, failed } = useFormFocus();
  // What is sent is what differs from the file as it was then: it may have changed meanwhile.
  const {
    draft: { draft, before },
    change: changeAll,
    forget,
  } = useDraft(draftKey(now), () => ({
    before: now,
    draft: now === undefined ? newConnection(read.freePorts.postgresql) : draftOf(now),
  }));
  const change = (next: (old: ConnectionDraft) => ConnectionDraft): void =>
    changeAll((all) => ({ ...all, draft: next(all.draft) }));
  const [missing, setMissing] = useState<ConnectionFaults>({});
  const names = read.connections.map(({ name }) => name);
  const own = read.connections.filter(({ ignored }) => ignored === undefined);
  const index = before === undefined ? own.length : names.indexOf(before.name);
  const refused = faultsOf(save.problem, index);
  const faults = { ...refused.fields, ...missing };
  const name = before?.name ?? draft.name.trim();

  /** What has been typed into the fields for passwords; it stands nowhere else. */
  function typed(): { name: string; value: string }[] {
    if (form.current === null) return [];
    const given = new FormData(form.current);
    return draft.rules.flatMap((rule) => {
      const secret = secretOf(rule, name);
      const value = given.get(passwordField(rule));
      return secret !== undefined && typeof value === 'string' && value !== ''
        ? [{ name: secret, value }]
        : [];
    });
  }

  async function submit(): Promise<void> {
    const found = checkDraft(draft, { taken: names, before });
    setMissing(found);
    save.dismiss();
    if (Object.keys(found).length === 0) {
      const passwords = typed();
      const done = await save.run('saveConnections', {
        connections: [formOf(draft, before)],
        ...(passwords.length === 0 ? {} : { passwords }),
      });
      if (done !== undefined) {
        forget();
        return onSaved(done.reply);
      }
    }
    failed();
  }

  const field: FieldOf = (key) => ({
    value: draft[key],
    onChange: (value) => change((old) => ({ ...old, [key]: value })),
    fault: faults[key],
    readOnly: isFieldLocked(before, key),
  });
  return {
    before,
    draft,
    change,
    field,
    faultOf: (key: string) => faults[key],
    problem: faultSummary(Object.keys(faults).length, refused.rest),
    busy: save.busy,
    form,
    submit,
    typed,
    cancel() {
      forget();
      onCancel();
    },
  };
}
