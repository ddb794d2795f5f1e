import { type Ref, useState } from 'react';
import { isJsonObject } from '../../main/contract/json.ts';
import type { AppState } from '../../main/contract/state.ts';
import { common } from '../texts/en/common.ts';
import { connections as texts } from '../texts/en/connections.ts';
import { connections as t } from '../texts/en/connections.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { useIsDrafted } from '../ui/drafts.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { protocolTitles } from '../ui/protocols.ts';
import { useTask } from '../ui/task.ts';
import { draftOf, otherServer, type ReadConnections, type WrittenConnection } from './connection-draft.ts';
import { ConnectionForm, draftKey, type SavedConnections } from './connection-form.tsx';
import { ConnectionPassword, type NamedSecret } from './connection-password.tsx';
import { TestReport, useConnectionTest } from './connection-test.tsx';
import { isLocked } from './organisation-locks.ts';
import { groupNames, secretOf, type RuleDraft } from './rule-draft.ts';
import { useAdministration } from './step-up.tsx';
import cards from '../ui/cards.module.css';
import { Details } from '../ui/details.tsx';
import styles from './connections.module.css';
import { endsAtOnce } from './sign-out.tsx';

export type ManagedTask = 'edit' | 'password';

/** One connection of the configuration file. */
export function ManagedConnection(props: {
  state: AppState;
  read: ReadConnections;
  connection: WrittenConnection;
  stored: ReadonlySet<string>;
  /** What to begin with, where another screen has led here. */
  first?: { task: ManagedTask; secret?: string } | undefined;
  onSaved(saved: SavedConnections): void;
  onStored(): void;
  onRemoved(ended: number): void;
}) {
  const { state, connection, stored } = props;
  const { name, counts, organisation, ignored } = connection;
  const draft = draftOf(connection);
  const isDrafted = useIsDrafted();
  const { task, begin, end, anchor } = useTask<ManagedTask>(
    props.first?.task ?? (isDrafted(draftKey(connection)) ? 'edit' : undefined),
  );
  const [asking, setAsking] = useState(false);
  const remove = useAdministration();
  const live = state.databaseSessions.filter((session) => session.connection === name).length;
  const { test, button } = useConnectionTest(state);
  const secrets = secretsOf(connection, stored);

  async function confirmRemove(): Promise<boolean> {
    const done = await remove.run('removeConnection', { name });
    if (done !== undefined) props.onRemoved(done.reply.ended);
    return done !== undefined;
  }

  return (
    <li className={cards['card']}>
      <div className={cards['head']}>
        <div className={cards['title']}>
          <h2 ref={anchor} tabIndex={-1}>
            <Name>{draft.title === '' ? name : draft.title}</Name>
          </h2>
          <small>
            {draft.title !== '' && (
              <>
                <Name>{name}</Name> ·{' '}
              </>
            )}
            {t.protocolAndPort(protocolTitles[draft.protocol], draft.port)}
            {organisation !== undefined && t.ofYourOrganisation}
          </small>
        </div>
        {ignored !== undefined && <Badge tone="bad">{t.doesNotCount}</Badge>}
        {!counts && ignored === undefined && <Badge tone="waiting">{t.notInUseYet}</Badge>}
      </div>
      {ignored !== undefined && <p>{ignored}</p>}
      <Facts connection={connection} rules={draft.rules} groups={groupNames(state)} stored={stored} />
      {task === undefined ? (
        <ConnectionButtons
          connection={connection}
          secrets={secrets}
          ref={button}
          testing={test.action.busy}
          onBegin={begin}
          onTest={() => void test.run({ name })}
          onRemove={() => setAsking(true)}
        />
      ) : (
        <div className={cards['task']}>
          {task === 'edit' ? (
            <ConnectionForm
              {...props}
              before={connection}
              onSaved={(saved) => {
                end(t.connectionSaved(name));
                props.onSaved(saved);
              }}
              onCancel={() => end()}
            />
          ) : (
            <ConnectionPassword
              connection={name}
              secrets={secrets}
              first={props.first?.secret ?? secrets.find((one) => !one.stored)?.name}
              onDone={(text) => {
                end(text);
                props.onStored();
              }}
              onCancel={() => end()}
            />
          )}
        </div>
      )}
      {task === undefined && <TestReport test={test} name={name} />}
      {asking && (
        <ConfirmDialog
          question={organisation === undefined ? removeQuestion(name, live) : takeBackQuestion(name)}
          action={remove}
          onConfirm={confirmRemove}
          onClose={() => setAsking(false)}
        />
      )}
    </li>
  );
}

/** What the organisation has locked is not offered, nor anything for what does not count but to take it away. */
function ConnectionButtons(props: {
  connection: WrittenConnection;
  secrets: NamedSecret[];
  /** Of the button that tests. */
  ref: Ref<HTMLButtonElement>;
  testing: boolean;
  onBegin(task: ManagedTask): void;
  onTest(): void;
  onRemove(): void;
}) {
  const { connection, secrets, ref } = props;
  const { name, organisation, ignored } = connection;
  return (
    <div className={layout['buttons']}>
      {ignored === undefined && !isLocked(organisation?.locked ?? [], '') && (
        <Button label={t.edit(name)} onClick={() => props.onBegin('edit')}>
          {common.edit}
        </Button>
      )}
      {ignored === undefined && (
        <Button ref={ref} label={t.test(name)} busy={props.testing} onClick={props.onTest}>
          {common.test}
        </Button>
      )}
      {ignored === undefined && secrets.length > 0 && (
        <Button label={t.passwordsOf(name)} onClick={() => props.onBegin('password')}>
          {t.passwords(secrets.length)}
        </Button>
      )}
      {organisation?.isAdapted !== false && (
        <Button
          kind="danger"
          label={`${organisation === undefined ? common.remove : t.takeBackChangesOf} ${name}`}
          onClick={props.onRemove}
        >
          {organisation === undefined ? common.remove : t.takeBackChanges}
        </Button>
      )}
    </div>
  );
}

function removeQuestion(name: string, live: number) {
  return {
    title: texts.removeThisConnection,
    text: (
      <p>
        {texts.isTakenOutOfTheConfiguration(<Name>{name}</Name>)}
        {live > 0 && ` ${endsAtOnce(live)}`}
      </p>
    ),
    confirm: texts.removeConnection,
  };
}

function takeBackQuestion(name: string) {
  return {
    title: t.takeBackYourChanges,
    text: <p>{t.isAsYourOrganisationHasSet(<Name>{name}</Name>)}</p>,
    confirm: t.takeBack,
  };
}

function secretsOf(connection: WrittenConnection, stored: ReadonlySet<string>): NamedSecret[] {
  const ofRules = draftOf(connection).rules.flatMap((rule) => {
    const name = secretOf(rule, connection.name);
    return name === undefined ? [] : [{ name, whose: t.role(rule.role), stored: stored.has(name) }];
  });
  return [...new Map(ofRules.map((one) => [one.name, one])).values()];
}

/** What stands beside a rule. */
function sourceText(rule: RuleDraft, connection: string, stored: ReadonlySet<string>): string {
  const secret = secretOf(rule, connection);
  if (secret !== undefined) return stored.has(secret) ? t.passwordStored : t.passwordNotStored;
  return rule.source === 'entra' ? t.entraToken : rule.source === 'none' ? t.noPassword : t.asTheFileSays;
}

function Facts(props: {
  connection: WrittenConnection;
  rules: RuleDraft[];
  groups: ReadonlyMap<string, string>;
  stored: ReadonlySet<string>;
}) {
  const { connection, rules } = props;
  const draft = draftOf(connection);
  const host = draft.host === '' ? 'localhost' : draft.host;
  const place = draft.upstreamPort === '' ? host : `${host}:${draft.upstreamPort}`;
  const { upstream } = connection.settings;
  const isLed = isJsonObject(upstream) && upstream['via'] !== undefined;
  return (
    <>
      <dl className={styles['facts']}>
        <dt>{t.server}</dt>
        <dd>
          <Name>{otherServer(connection.settings) ?? place}</Name>
          {isLed && t.byTheWayThatTheFile}
        </dd>
        <dt>{t.databases}</dt>
        <dd>
          <Name>{[draft.database, draft.databases].filter((text) => text !== '').join(', ')}</Name>
        </dd>
        <dt>{t.rules}</dt>
        <dd>
          <ul>
            {rules.map((rule) => (
              <li key={rule.key}>
                {t.ruleAs(
                  <Name>{props.groups.get(rule.group.toLowerCase()) || t.groupWithoutName}</Name>,
                  <Name>{rule.role}</Name>,
                  sourceText(rule, connection.name, props.stored),
                )}
              </li>
            ))}
          </ul>
        </dd>
      </dl>
      <Details facts={rules.map((rule) => [t.groupOf(rule.role), rule.group])} />
    </>
  );
}
