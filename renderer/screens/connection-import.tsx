import { useId, useState } from 'react';
import type { ActionReply } from '../../main/contract/action-schemas.ts';
import type { ConnectionForm } from '../../main/contract/connection-shapes.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { connections as t } from '../texts/en/connections.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { faultSummary, useFormFocus } from '../ui/faults.ts';
import { TextField } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { faultsOf, type ReadConnections } from './connection-draft.ts';
import type { SavedConnections } from './connection-form.tsx';
import { checkRule, newRule, ruleOf, type RuleFaults } from './rule-draft.ts';
import { RuleFields } from './rule-fields.tsx';
import { useAdministration } from './step-up.tsx';
import styles from './connections.module.css';

type List = NonNullable<ActionReply<'readImport'>['list']>;

/** Takes connections over from another tool: its list is read by main, and what is understood of it is chosen here. */
export function ConnectionImport(props: {
  read: ReadConnections;
  onSaved(saved: SavedConnections): void;
  onCancel(): void;
}) {
  const source = useAction();
  const announce = useAnnounce();
  const { form } = useFormFocus();
  const [url, setUrl] = useState('');
  const [missing, setMissing] = useState(false);
  const [list, setList] = useState<List>();

  async function readFrom(request: { url?: string }): Promise<void> {
    const done = await source.run('readImport', request);
    if (done?.reply.list === undefined) return;
    // A password may stand in an address.
    setUrl('');
    setList(done.reply.list);
    announce(t.connectionsFound(done.reply.list.connections.length));
  }

  if (list !== undefined) return <ImportChoice {...props} list={list} />;
  return (
    <Form
      ref={form}
      label={t.importConnections}
      submit={t.readTheAddress}
      busy={source.busy}
      onCancel={props.onCancel}
      onSubmit={() => {
        setMissing(url.trim() === '');
        if (url.trim() === '') form.current?.querySelector('input')?.focus();
        else void readFrom({ url: url.trim() });
      }}
      beside={
        <Button busy={source.busy} onClick={() => void readFrom({})}>
          {t.chooseAFile}
        </Button>
      }
    >
      <p className={layout['soft']}>{t.fromAnAddressOrFromThe}</p>
      <TextField
        label={t.address}
        hint={t.suchAsPostgresqlHostDatabaseOr}
        value={url}
        onChange={setUrl}
        maxLength={2000}
        fault={missing ? t.pasteAnAddressOrChooseA : undefined}
      />
      <ProblemPanel problem={source.problem} />
    </Form>
  );
}

function ImportChoice(props: {
  read: ReadConnections;
  list: List;
  onSaved(saved: SavedConnections): void;
  onCancel(): void;
}) {
  const { list, read } = props;
  const save = useAdministration();
  const { form, failed } = useFormFocus();
  const id = useId();
  const there = new Set(read.connections.map(({ name }) => name));
  const fresh = list.connections.filter(({ name }) => !there.has(name));
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [rule, setRule] = useState(() => newRule(0));
  const [faults, setFaults] = useState<RuleFaults>({});
  const chosen = fresh.filter(({ name }) => !left.has(name));
  const needsRule = chosen.some(({ settings }) => settings['rules'] === undefined);
  const refused = faultsOf(save.problem, -1);

  async function submit(): Promise<void> {
    const found = needsRule ? checkRule(rule) : {};
    setFaults(found);
    save.dismiss();
    if (Object.keys(found).length > 0) return failed();
    const done = await save.run('saveConnections', { connections: chosen.map(formFor) });
    if (done !== undefined) props.onSaved(done.reply);
  }

  function formFor({ name, settings }: List['connections'][number]): ConnectionForm {
    if (settings['rules'] !== undefined) return { name, is: 'new', settings };
    const protocol = String(settings['protocol']);
    const groupNames = rule.groupName === '' ? {} : { [rule.group]: rule.groupName };
    return { name, is: 'new', settings: { ...settings, rules: [ruleOf(rule, name, protocol)] }, groupNames };
  }

  if (fresh.length === 0) {
    return (
      <>
        <Callout icon="alert" title={t.thereIsNothingToImport}>
          {list.connections.length > 0 && t.allOfTheseConnectionsAreThere}
        </Callout>
        <Skipped list={list} />
        <div className={layout['buttons']}>
          <Button onClick={props.onCancel}>{common.close}</Button>
        </div>
      </>
    );
  }
  return (
    <Form
      ref={form}
      label={t.importConnections}
      submit={t.importChosen(chosen.length)}
      busy={save.busy || chosen.length === 0}
      onSubmit={() => void submit()}
      onCancel={props.onCancel}
    >
      <ProblemPanel problem={faultSummary(Object.keys(faults).length, refused.rest)} />
      <fieldset className={styles['section']}>
        <legend>{t.connections}</legend>
        {fresh.map(({ name, settings }) => (
          <div key={name} className={styles['check']}>
            <input
              id={`${id} ${name}`}
              type="checkbox"
              checked={!left.has(name)}
              onChange={({ target }) =>
                setLeft((before) => {
                  const next = new Set(before);
                  if (target.checked) next.delete(name);
                  else next.add(name);
                  return next;
                })
              }
            />
            <label htmlFor={`${id} ${name}`}>
              <Name>{name}</Name>
              <small>
                <Name>{describe(settings)}</Name>
              </small>
            </label>
          </div>
        ))}
      </fieldset>
      <Skipped list={list} there={there} />
      {needsRule && (
        <>
          <p className={layout['soft']}>{t.eachOfThemGetsThisRule}</p>
          <RuleFields
            rule={rule}
            position={1}
            name=""
            stored={new Set()}
            groups={new Map()}
            takesPassword={false}
            faultOf={(key) => faults[key]}
            onChange={setRule}
            onRemove={undefined}
          />
        </>
      )}
    </Form>
  );
}

function describe(settings: Record<string, unknown>): string {
  const { host = '', port } = (settings['upstream'] ?? {}) as { host?: string; port?: number };
  return `${String(settings['protocol'])} at ${host}${port === undefined ? '' : `:${port}`}`;
}

/** What is not taken over, and why. */
function Skipped({ list, there = new Set() }: { list: List; there?: ReadonlySet<string> }) {
  const lines = [
    ...list.connections
      .filter(({ name }) => there.has(name))
      .map(({ name }) => [name, t.isThereAlreadyAndStaysAs]),
    ...list.skipped.map((name) => [name, t.isLeftOutNoGatewaySpeaks]),
    ...list.leftPasswords.map((name) => [name, t.hasAPasswordInTheList]),
  ] as [string, string][];
  if (lines.length === 0) return null;
  return (
    <ul className={styles['notes']}>
      {lines.map(([name, text]) => (
        <li key={`${name} ${text}`}>
          <Name>{name}</Name> {text}
        </li>
      ))}
    </ul>
  );
}
