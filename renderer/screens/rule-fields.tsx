import { connections as t } from '../texts/en/connections.ts';
import { common } from '../texts/en/common.ts';
import { Button } from '../ui/button.tsx';
import { SecretField, SelectField, TextField } from '../ui/field.tsx';
import layout from '../ui/layout.module.css';
import { secretOf, type RuleDraft } from './rule-draft.ts';
import { GroupField } from './group-field.tsx';
import cards from '../ui/cards.module.css';
import styles from './connections.module.css';

const sources = () =>
  [
    { value: 'stored', label: t.storedHereSealed },
    { value: 'entra', label: t.anEntraAccessTokenOfThe },
    { value: 'none', label: t.noneTheServerTrustsThis },
  ] as const;
const asInFile = () => ({ value: 'file', label: t.asTheConfigurationFileSays }) as const;

const factors = () =>
  [
    { value: 'never', label: t.notAskedFor },
    { value: 'session', label: t.onceForEachSignIn },
    { value: 'login', label: t.atEachLogin },
  ] as const;

const yesNo = () =>
  [
    { value: 'no', label: t.readingAndWriting },
    { value: 'yes', label: t.readingOnlyAtFirst },
  ] as const;

/** The field from which the password of a rule is taken when the form is sent. */
export const passwordField = ({ key }: RuleDraft): string => `password-${key}`;

/** What members of one directory group may do. */
export function RuleFields(props: {
  rule: RuleDraft;
  /** From 1. */
  position: number;
  /** Of the connection, as it is to be called. */
  name: string;
  stored: ReadonlySet<string>;
  /** Names of groups by their ids, as far as the person who is signed in has them. */
  groups: ReadonlyMap<string, string>;
  /** Before there is a provider no password is taken. */
  takesPassword: boolean;
  faultOf(key: keyof RuleDraft): string | undefined;
  onChange(rule: RuleDraft): void;
  /** Absent for the only one. */
  onRemove: (() => void) | undefined;
}) {
  const { rule, position, faultOf, onChange, onRemove } = props;
  const field = <K extends keyof RuleDraft>(key: K) => ({
    value: rule[key],
    fault: faultOf(key),
    onChange: (value: RuleDraft[K]) => onChange({ ...rule, [key]: value }),
  });
  const secret = secretOf(rule, props.name);
  return (
    <fieldset className={styles['section']}>
      <legend>{t.rule(position)}</legend>
      <GroupField
        group={{ id: rule.group, name: rule.groupName || (props.groups.get(rule.group.toLowerCase()) ?? '') }}
        fault={faultOf('group')}
        onChange={({ id, name }) => onChange({ ...rule, group: id, groupName: name })}
      />
      <div className={cards['pair']}>
        <TextField
          label={common.role}
          hint={t.theDatabaseUserThatMembersOf}
          {...field('role')}
          maxLength={128}
        />
        <SelectField label={t.secondFactor} {...field('mfa')} options={factors()} />
      </div>
      <div className={cards['pair']}>
        <SelectField
          label={t.passwordOfTheRole}
          {...field('source')}
          options={rule.source === 'file' || isFromFile(rule) ? [asInFile(), ...sources()] : sources()}
        />
        {secret !== undefined && props.takesPassword && (
          <SecretField
            label={props.stored.has(secret) ? t.newPassword : common.password}
            hint={props.stored.has(secret) ? t.oneIsStoredLeaveThisEmpty : t.itIsEncryptedAndNeverShown}
            name={passwordField(rule)}
            maxLength={4096}
          />
        )}
      </div>
      <Limits field={field} />
      {onRemove !== undefined && (
        <div className={layout['buttons']}>
          <Button kind="danger" label={t.removeThisRule(position)} onClick={onRemove}>
            {t.removeThisRuleShort}
          </Button>
        </div>
      )}
    </fieldset>
  );
}

const isFromFile = ({ before: { password } }: RuleDraft): boolean =>
  typeof password === 'object' && password !== null && ('command' in password || 'vault' in password);

type FieldOf = <K extends keyof RuleDraft>(
  key: K,
) => { value: RuleDraft[K]; fault: string | undefined; onChange(value: RuleDraft[K]): void };

function Limits({ field }: { field: FieldOf }) {
  const texts = ['idleTimeout', 'maxDuration', 'statementTimeout', 'maxSessions'] as const;
  const isUsed = texts.some((key) => field(key).value !== '' || field(key).fault !== undefined);
  return (
    <details className={styles['more']} open={isUsed || undefined}>
      <summary>{t.limits}</summary>
      <div className={styles['choosing']}>
        <div className={cards['pair']}>
          <SelectField label={t.transactions} {...field('readOnly')} options={yesNo()} />
          <TextField
            label={t.sessionsOfAPerson}
            {...field('maxSessions')}
            maxLength={5}
            placeholder={t.anyNumber}
          />
        </div>
        <div className={cards['pair']}>
          <TextField label={t.endsWhenIdleFor} {...field('idleTimeout')} maxLength={7} placeholder="30m" />
          <TextField label={t.endsAfter} {...field('maxDuration')} maxLength={7} placeholder="8h" />
        </div>
        <TextField
          label={t.longestStatement}
          hint={t.postgresqlAndMysql}
          {...field('statementTimeout')}
          maxLength={7}
          placeholder="5m"
        />
      </div>
    </details>
  );
}
